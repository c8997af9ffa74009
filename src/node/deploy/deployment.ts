/**
 * {@link Deployment}: what the management API asks and does about deployment on a node.
 *
 * A composition: its parts do the work.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { type Explanation, explanationSchema } from "../../protocol/api/nodes.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { explain, type LeaderDecision } from "./explain.ts";
import { LeaderQuestions } from "./leader_questions.ts";
import { NodeLives } from "./node_lives.ts";

/** What the parts need. */
export interface DeploymentOptions {
  readonly node: string;
  readonly cluster: Cluster;
  /** What this node decided last as the leader. */
  decision(): LeaderDecision | undefined;
}

/** A node's view of the deployment. */
export class Deployment {
  readonly nodes: NodeLives;
  readonly #leader: LeaderQuestions;

  constructor({ node, cluster, decision }: DeploymentOptions) {
    const { store, asks } = cluster;
    this.nodes = new NodeLives(store, (other) => cluster.isAlive(other));
    this.#leader = new LeaderQuestions({ node, asks, leader: () => cluster.leader?.node });
    this.#leader.handle("explain", (name) => {
      const decided = decision();
      if (decided === undefined) throw new AetherError("NO_LEADER", "The leader is still new");
      return explain(String(name), node, { decision: decided, state: store.state });
    });
  }

  /**
   * Why a slice runs where it does, as the leader decided last.
   *
   * @throws {AetherError} SLICE_NOT_APPLIED, NO_LEADER, UNREACHABLE or TIMEOUT.
   */
  explain(artifact: string): Promise<Explanation> {
    return this.#leader.ask("explain", artifact, explanationSchema);
  }
}
