/**
 * {@link Deployment}: what the management API asks and does about deployment on a node.
 *
 * A composition: its parts do the work.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { type Explanation, explanationSchema } from "../../protocol/api/nodes.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { Blueprints } from "../control/blueprints.ts";
import type { SliceCatalog } from "../control/catalog.ts";
import { explain, type LeaderDecision } from "./explain.ts";
import { LeaderQuestions } from "./leader_questions.ts";
import { NodeLives } from "./node_lives.ts";
import { instancesPerNode, requireDeployable } from "./operator_limits.ts";

/** What the parts need. */
export interface DeploymentOptions {
  readonly cluster: Cluster;
  readonly catalog: SliceCatalog;
  readonly clock: Clock;
  /** The configuration as it is now. */
  config(): Config;
  /** What this node decided last as the leader. */
  decision(): LeaderDecision | undefined;
}

/** A node's view of the deployment. */
export class Deployment {
  readonly nodes: NodeLives;
  readonly blueprints: Blueprints;
  readonly #leader: LeaderQuestions;

  constructor({ cluster, catalog, clock, config, decision }: DeploymentOptions) {
    const node = config().node.id;
    const { store, asks } = cluster;
    const isAlive = (other: string) => cluster.isAlive(other);
    this.nodes = new NodeLives(store, isAlive);
    this.blueprints = new Blueprints({
      store,
      catalog,
      check: (manifests) => requireDeployable(manifests, config()),
      instancesPerNode: instancesPerNode(),
      wallMs: () => clock.wallMs(),
      isAlive,
    });
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
