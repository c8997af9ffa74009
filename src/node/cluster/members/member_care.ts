/**
 * What the leader does for the members without being asked: it lets a follower take the place of a
 * voter that stays down, and forgets what removed nodes said of themselves.
 *
 * Every node has one of these; only the leader's acts.
 *
 * @module
 */
import { type Clock, repeat, type Timer } from "../../../base/clock.ts";
import { toAetherError } from "../../../base/errors.ts";
import { keys, leaderKey } from "../../../protocol/keys.ts";
import type { Logger } from "../../../sdk/logger.ts";
import type { Cluster, Leadership } from "../cluster.ts";
import type { MemberChanges } from "./member_changes.ts";

const periodMs = 1_000;

/** What the care needs. */
export interface MemberCareOptions {
  readonly cluster: Cluster;
  readonly changes: MemberChanges;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a voter may be down before it is replaced; 0: for ever. */
  replaceAfterMs(): number;
}

/** Looks after the members while this node leads. */
export class MemberCare {
  readonly #options: MemberCareOptions;
  /** Since when each voter has been down, as far as this node knows while it leads. */
  readonly #downSinceMs = new Map<string, number>();
  readonly #timer: Timer;

  constructor(options: MemberCareOptions) {
    this.#options = options;
    this.#timer = repeat(options.clock, periodMs, () =>
      this.#look().catch((error) => {
        const reason = toAetherError(error).message;
        options.log.info("The members could not be looked after", { reason });
      }));
  }

  /** Does nothing any more. */
  stop(): void {
    this.#timer.cancel();
  }

  async #look(): Promise<void> {
    const { cluster, changes } = this.#options;
    const { leader } = cluster;
    if (!cluster.isLeader || leader === undefined) return this.#downSinceMs.clear();
    for (const node of this.#removedNodes()) await changes.forget(node);
    await this.#replace(leader);
  }

  /** Removed nodes that still have a record. */
  #removedNodes(): string[] {
    const { store, members } = this.#options.cluster;
    const known = store.state.list(keys.member.prefix).map((key) =>
      keys.member.parts(key)[0] ?? ""
    );
    return known.filter((node) => members.admissionOf(node) === "removed");
  }

  async #replace(leader: Leadership): Promise<void> {
    const { cluster, changes, clock, log } = this.#options;
    const now = clock.monotonicMs();
    const { voters } = cluster.store;
    const down = voters.filter((voter) => !cluster.isAlive(voter));
    for (const node of this.#downSinceMs.keys()) {
      if (!down.includes(node)) this.#downSinceMs.delete(node);
    }
    for (const node of down) if (!this.#downSinceMs.has(node)) this.#downSinceMs.set(node, now);
    const afterMs = this.#options.replaceAfterMs();
    if (afterMs === 0) return;
    const lost = down.find((node) => now - (this.#downSinceMs.get(node) ?? now) >= afterMs);
    const heir = cluster.members.all.find((node) => this.#mayVote(node));
    if (lost === undefined || heir === undefined) return;
    log.warn("A follower takes the place of a voter that stays down", { lost, heir });
    // Fenced: somebody else may lead by now.
    const compare = [{ key: leaderKey, revision: leader.term }];
    await changes.promote({ nodes: [heir], insteadOf: [lost], compare });
  }

  /** Whether a node is a follower on duty that has caught up. */
  #mayVote(node: string): boolean {
    const { cluster, changes } = this.#options;
    const key = keys.member.key(node);
    const entry = cluster.store.state.get(key);
    if (entry === undefined || cluster.store.voters.includes(node)) return false;
    const isOnDuty = keys.member.decode(key, entry.value).state === "ON_DUTY";
    return isOnDuty && cluster.isAlive(node) && changes.isCaughtUp(node);
  }
}
