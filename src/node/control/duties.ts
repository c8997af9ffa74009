/**
 * What a node does for the cluster while it takes part: lead, keep log time, make backups.
 *
 * Every node has all of these; each of them finds out by itself when it is this node's turn.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { NodeBackups } from "../backup/node_backups.ts";
import { BackupSchedule } from "../backup/schedule.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { instancesPerNode, instanceTimes } from "../deploy/operator_limits.ts";
import { ClusterSizing } from "../sizing/cluster_sizing.ts";
import type { NodeProvider } from "../sizing/node_provider.ts";
import { MemberCare } from "../cluster/members/member_care.ts";
import type { Membership } from "../cluster/members/membership.ts";
import { Leader, type LeaderTask } from "./leader.ts";
import { LogClock } from "./log_clock.ts";

/** What the duties need. */
export interface DutiesOptions {
  readonly cluster: Cluster;
  readonly membership: Membership;
  /** What else the leader does. */
  readonly tasks: readonly LeaderTask[];
  readonly backups: Pick<NodeBackups, "create">;
  /** Starts and stops nodes; undefined: this node cannot. */
  readonly provider: NodeProvider | undefined;
  /** A token for a new node; undefined in a cluster without certificates. */
  token(node: string): Promise<string | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
  /** The configuration as it is now. */
  config(): Config;
}

/** A node's duties, until they are stopped. */
export class Duties {
  readonly #leader: Leader;
  readonly #logClock: LogClock;
  readonly #schedule: BackupSchedule;
  readonly #memberCare: MemberCare;
  readonly #sizing: ClusterSizing;

  constructor(options: DutiesOptions) {
    const { cluster, membership, tasks, backups, clock, log, config, provider, token } = options;
    const { store } = cluster;
    const leadership = () => cluster.isLeader ? cluster.leader : undefined;
    const isAlive = (node: string) => cluster.isAlive(node);
    this.#leader = new Leader({
      store,
      clock,
      log,
      leadership,
      tasks,
      isAlive,
      instancesPerNode: instancesPerNode(),
      deadlines: () => instanceTimes(config()),
    });
    this.#logClock = new LogClock({ store, clock, log, leadership });
    membership.events.start();
    this.#memberCare = new MemberCare({
      cluster,
      changes: membership.changes,
      clock,
      log,
      replaceAfterMs: () => config().cluster.replaceTimeoutMs,
    });
    this.#sizing = new ClusterSizing({
      cluster,
      changes: membership.changes,
      provider,
      clock,
      log,
      token,
      config: () => config().cluster,
    });
    this.#schedule = new BackupSchedule({
      node: config().node.id,
      store,
      clock,
      log,
      intervalMs: () => config().backup.intervalMs,
      isAlive,
      hasQuorum: () => cluster.hasQuorum,
      create: () => backups.create(),
    });
  }

  /** What this node decided last as the leader. */
  get decision(): Leader["decision"] {
    return this.#leader.decision;
  }

  /** Something that is not in the store has changed: who leads, or who is alive. */
  wake(): void {
    this.#leader.wake();
  }

  /** Does nothing any more. */
  stop(): void {
    this.#leader.stop();
    this.#logClock.stop();
    this.#schedule.stop();
    this.#memberCare.stop();
    this.#sizing.stop();
  }
}
