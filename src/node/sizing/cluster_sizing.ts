/**
 * {@link ClusterSizing}: the leader keeps the cluster at `cluster.size` through a provider.
 *
 * What comes next is decided in src/deployment/sizing; here it is seen, carried out and written,
 * each write on the condition that this node still leads. Every node has one; only the leader's
 * acts.
 *
 * @module
 */
import { type Clock, repeat, type Timer } from "../../base/clock.ts";
import { toAetherError } from "../../base/errors.ts";
import {
  afterRemoval,
  nextSizeStep,
  type SizedNode,
  type SizeSight,
  type SizeStep,
} from "../../deployment/sizing/sizer.ts";
import type { Config } from "../../protocol/config/config.ts";
import { keys, leaderKey, sizingKey } from "../../protocol/keys.ts";
import { noSizing, type Sizing } from "../../protocol/deployment/sizing.ts";
import type { Compare } from "../../protocol/store/command.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Cluster, Leadership } from "../cluster/cluster.ts";
import type { MemberChanges } from "../cluster/members/member_changes.ts";
import { storedValue, storedValues } from "../control/views.ts";
import { changeLifecycle } from "../deploy/registration.ts";
import type { NodeProvider } from "./node_provider.ts";

const periodMs = 1_000;

/** What keeping the size needs. */
export interface ClusterSizingOptions {
  readonly cluster: Pick<Cluster, "isLeader" | "leader" | "isAlive" | "members"> & {
    readonly store: Pick<Cluster["store"], "state" | "propose" | "voters">;
  };
  readonly changes: Pick<MemberChanges, "add" | "promote" | "remove">;
  /** Undefined: this node can start none. */
  readonly provider: NodeProvider | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** A token for a node; undefined in a cluster without certificates. */
  token(node: string): Promise<string | undefined>;
  /** As configured now. */
  config(): Pick<Config["cluster"], "size" | "healTimeoutMs">;
}

/** Keeps the size while this node leads. */
export class ClusterSizing {
  readonly #options: ClusterSizingOptions;
  readonly #deadSinceMs = new Map<string, number>();
  readonly #timer: Timer;
  #hasWarned = false;

  constructor(options: ClusterSizingOptions) {
    this.#options = options;
    this.#timer = repeat(options.clock, periodMs, () =>
      this.#look().catch((error) => {
        const reason = toAetherError(error).message;
        options.log.warn("The cluster's size could not be looked after", { reason });
      }));
  }

  /** Does nothing any more. */
  stop(): void {
    this.#timer.cancel();
  }

  async #look(): Promise<void> {
    const { cluster, provider, log, config } = this.#options;
    const { leader } = cluster;
    if (!cluster.isLeader || leader === undefined || config().size === 0) {
      this.#deadSinceMs.clear();
      return;
    }
    if (provider === undefined) {
      if (!this.#hasWarned) {
        const size = config().size;
        log.warn("The leader starts no nodes: cluster.provider is none", { size });
      }
      this.#hasWarned = true;
      return;
    }
    const stored = storedValue(cluster.store.state, keys.sizing, sizingKey);
    const sizing = stored?.value ?? noSizing;
    const step = nextSizeStep(sizing, this.#sight(leader));
    if (step === undefined) return;
    const write = (next: Sizing) => this.#write(leader, stored?.revision ?? 0, next);
    await this.#carryOut(step, { provider, leader, sizing, write });
  }

  async #carryOut(step: SizeStep, { provider, leader, sizing, write }: Look): Promise<void> {
    const { cluster, changes, log } = this.#options;
    switch (step.type) {
      case "write":
        log.info("The size of the cluster is looked after", { reason: step.why });
        await write(step.sizing);
        return;
      case "start":
        log.info("The size of the cluster is looked after", { reason: step.why });
        if (await write(step.sizing)) await this.#start(step.node, provider);
        return;
      case "promote":
        await changes.promote({
          nodes: [step.node],
          insteadOf: [step.insteadOf],
          compare: [this.#fence(leader)],
        });
        return;
      case "drain":
        await changeLifecycle(cluster.store, step.node, {
          from: ["ON_DUTY", "DRAINING"],
          to: "DRAINING",
        });
        return;
      case "remove":
        if (cluster.members.admissionOf(step.node) === "added") await changes.remove(step.node);
        await provider.stop(step.node);
        log.info("A node was put out for the size of the cluster", { node: step.node });
        await write(afterRemoval(sizing, step.node));
        return;
    }
  }

  async #start(node: string, provider: NodeProvider): Promise<void> {
    const { cluster, changes, log, token } = this.#options;
    // It is let in before it exists, so that whoever puts it out also ends it.
    const address = await provider.place(node);
    await changes.add(node, address);
    const peers = storedValues(cluster.store.state, keys.member)
      .filter(({ value }) => cluster.isAlive(value.id))
      .map(({ value }) => `${value.id}:${value.addresses.cluster}`);
    await provider.start({ node, address, peers, token: await token(node) });
    log.info("A node is started for the size of the cluster", { node, address });
  }

  #sight(leader: Leadership): SizeSight {
    const { cluster, clock, config } = this.#options;
    const nowMs = clock.monotonicMs();
    const { healTimeoutMs, size } = config();
    const members = storedValues(cluster.store.state, keys.member).map(({ value }): SizedNode => {
      const { id, state: lifecycle } = value;
      const isAlive = cluster.isAlive(id);
      if (isAlive) this.#deadSinceMs.delete(id);
      else if (!this.#deadSinceMs.has(id)) this.#deadSinceMs.set(id, nowMs);
      const deadMs = nowMs - (this.#deadSinceMs.get(id) ?? nowMs);
      // What people drained, they may have stopped for a while.
      const isAway = lifecycle === "DRAINING" || lifecycle === "DECOMMISSIONED";
      const isLost = !isAlive && !isAway && deadMs >= healTimeoutMs;
      return { id, lifecycle, isAlive, isLost, isVoter: cluster.store.voters.includes(id) };
    });
    return { wanted: size, leader: leader.node, members, nowMs: clock.wallMs() };
  }

  #fence({ term }: Leadership): Compare {
    return { key: leaderKey, revision: term };
  }

  /** Writes, unless somebody else leads or has written; then the next look sees that. */
  async #write(leader: Leadership, revision: number, next: Sizing): Promise<boolean> {
    const { succeeded } = await this.#options.cluster.store.propose("operator", {
      compare: [this.#fence(leader), { key: sizingKey, revision }],
      then: [keys.sizing.put(sizingKey, next)],
      otherwise: [],
    });
    return succeeded;
  }
}

interface Look {
  readonly provider: NodeProvider;
  readonly leader: Leadership;
  readonly sizing: Sizing;
  write(next: Sizing): Promise<boolean>;
}
