/**
 * {@link Deployment}: what the management API asks and does about deployment on a node.
 *
 * A composition: its parts do the work.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { type Explanation, explanationSchema } from "../../protocol/api/deployment/nodes.ts";
import type { Config } from "../../protocol/config/config.ts";
import { keys } from "../../protocol/keys.ts";
import {
  rolloutHealthSchema,
  type RolloutHealthView,
} from "../../protocol/api/deployment/deploy.ts";
import {
  type ScalingRecords,
  scalingRecordsSchema,
} from "../../protocol/api/deployment/scaling.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { scaleWrite } from "../scaling/scale.ts";
import { ScalingLoop } from "../scaling/scaling_loop.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { Blueprints } from "../control/blueprints.ts";
import type { SliceCatalog } from "../control/catalog.ts";
import { explain, type LeaderDecision } from "./explain.ts";
import { ClusterFigures } from "../rollout/figures.ts";
import { LeaderQuestions } from "./leader_questions.ts";
import { NodeLives } from "./node_lives.ts";
import { requireTopics } from "../messaging/declared.ts";
import { instancesPerNode, requireDeployable } from "./operator_limits.ts";
import { RolloutDriver } from "../rollout/rollout_driver.ts";
import { Rollouts } from "../rollout/rollouts.ts";
import { storedValues } from "../control/views.ts";

/** What the parts need. */
export interface DeploymentOptions {
  readonly cluster: Cluster;
  readonly catalog: SliceCatalog;
  readonly clock: Clock;
  readonly log: Logger;
  /** The configuration as it is now. */
  config(): Config;
  /** What this node decided last as the leader. */
  decision(): LeaderDecision | undefined;
}

/** What scaling did. */
export interface ScaleOutcome {
  readonly artifact: string;
  readonly before: number;
  readonly instances: number;
  readonly revision: number;
}

/** A node's view of the deployment. */
export class Deployment {
  readonly nodes: NodeLives;
  readonly blueprints: Blueprints;
  readonly rollouts: Rollouts;
  readonly figures: ClusterFigures;
  readonly driver: RolloutDriver;
  readonly scaling: ScalingLoop;
  readonly #store: Pick<ReplicatedStore, "state" | "propose">;
  readonly #leader: LeaderQuestions;

  constructor({ cluster, catalog, clock, log, config, decision }: DeploymentOptions) {
    const node = config().node.id;
    const { store, asks } = cluster;
    const isAlive = (other: string) => cluster.isAlive(other);
    this.nodes = new NodeLives(store, isAlive);
    this.blueprints = new Blueprints({
      store,
      catalog,
      check: (manifests) => {
        requireDeployable(manifests, config());
        requireTopics(manifests, store.state, (artifact) => catalog.manifest(artifact));
      },
      instancesPerNode: instancesPerNode(),
      wallMs: () => clock.wallMs(),
      isAlive,
    });
    this.#leader = new LeaderQuestions({ node, asks, leader: () => cluster.leader?.node });
    this.figures = new ClusterFigures({
      asks,
      peers: () =>
        storedValues(store.state, keys.member).map(({ value }) => value.id)
          .filter((id) => id !== node && isAlive(id)),
    });
    const common = {
      store,
      clock,
      log,
      figures: this.figures,
      instancesPerNode: instancesPerNode(),
      isAlive,
    };
    this.driver = new RolloutDriver(common);
    this.scaling = new ScalingLoop({ ...common, rules: () => config().scaling });
    this.#store = store;
    this.rollouts = new Rollouts({
      store,
      check: (text) => this.blueprints.check(text),
      wallMs: () => clock.wallMs(),
    });
    this.#leader.handle("decisions", () => {
      const { enabled, dryRun } = config().scaling;
      return { enabled, dryRun, decisions: this.scaling.records };
    });
    this.#leader.handle("health", (id) => this.driver.health(this.rollouts.get(String(id))));
    this.#leader.handle("explain", (name) => {
      const decided = decision();
      if (decided === undefined) throw new AetherError("NO_LEADER", "The leader is still new");
      return explain(String(name), node, { decision: decided, state: store.state });
    });
  }

  /**
   * Calls of both versions of a rollout since its current step began.
   *
   * @throws {AetherError} ROLLOUT_NOT_FOUND, NO_LEADER, UNREACHABLE or TIMEOUT.
   */
  health(id: string): Promise<RolloutHealthView> {
    return this.#leader.ask("health", id, rolloutHealthSchema);
  }

  /** What the controller decided; throws what `health` throws. */
  decisions(): Promise<ScalingRecords> {
    return this.#leader.ask("decisions", null, scalingRecordsSchema);
  }

  /**
   * Changes how many instances of a slice are wanted.
   *
   * @throws {AetherError} SLICE_NOT_APPLIED, SCALE_REFUSED, ROLLOUT_ACTIVE or REVISION_CONFLICT.
   */
  async scale(name: string, instances: number): Promise<ScaleOutcome> {
    const { artifact, before, compare, then } = scaleWrite(this.#store.state, name, instances);
    const applied = await this.#store.propose("operator", { compare, then, otherwise: [] });
    if (!applied.succeeded) {
      throw new AetherError("REVISION_CONFLICT", `${artifact} was changed meanwhile`);
    }
    return { artifact, before, instances, revision: applied.revision };
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
