/**
 * Backups that the cluster makes by itself: one a period, by one voter.
 *
 * Who makes it follows from the period and the voters: each voter in turn, and the next one when it
 * is down. Whoever it is claims the period in the store first, so that there is one backup even
 * when nodes disagree about who is alive.
 *
 * @module
 */
import { type Clock, repeat, type Timer } from "../../base/clock.ts";
import { toAetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { storedValue } from "../control/views.ts";

const checkMs = 5_000;
const retryMs = 60_000;
const lastKey = keys.backup.key("last");

/** What a schedule needs. */
export interface BackupScheduleOptions {
  readonly node: string;
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "voters">;
  readonly clock: Clock;
  readonly log: Logger;
  /** Time between two backups, in milliseconds; undefined: there are none. */
  intervalMs(): number | undefined;
  isAlive(node: string): boolean;
  /** Whether a majority is there: without it nothing can be claimed. */
  hasQuorum(): boolean;
  /** Makes a backup and removes old ones. */
  create(): Promise<unknown>;
}

/** Makes backups when it is this node's turn. */
export class BackupSchedule {
  readonly #options: BackupScheduleOptions;
  readonly #timer: Timer;
  #notBeforeMs = 0;

  constructor(options: BackupScheduleOptions) {
    this.#options = options;
    this.#timer = repeat(options.clock, checkMs, () =>
      this.#check().catch((error) => {
        options.log.error("The backup failed", { error: toAetherError(error).message });
      }));
  }

  /** Makes none any more. */
  stop(): void {
    this.#timer.cancel();
  }

  async #check(): Promise<void> {
    const { store, clock, intervalMs, hasQuorum } = this.#options;
    const interval = intervalMs();
    if (interval === undefined || !hasQuorum()) return;
    if (clock.monotonicMs() < this.#notBeforeMs) return;
    const period = Math.floor(clock.wallMs() / interval);
    const last = storedValue(store.state, keys.backup, lastKey);
    if ((last?.value.period ?? -1) >= period || !this.#isTurn(period)) return;
    const revision = await this.#claim(period, last?.revision ?? 0);
    if (revision === undefined) return;
    try {
      await this.#options.create();
    } catch (error) {
      this.#notBeforeMs = clock.monotonicMs() + retryMs;
      // Later there may be more luck in the same period.
      await this.#claim(period - 1, revision);
      throw error;
    }
  }

  /** Whether this node is the first live voter in the order of the period. */
  #isTurn(period: number): boolean {
    const { node, store, isAlive } = this.#options;
    const voters = [...store.voters].sort();
    const inOrder = voters.map((_, index) => voters[(index + period) % voters.length] ?? "");
    return inOrder.find(isAlive) === node;
  }

  /** Writes who makes the backup of a period; answers the revision when nobody else did. */
  async #claim(period: number, revision: number): Promise<number | undefined> {
    const { store, clock, node } = this.#options;
    const value = { period, node, startedAtMs: clock.wallMs() };
    const applied = await store.propose("node", {
      compare: [{ key: lastKey, revision }],
      then: [keys.backup.put(lastKey, value)],
      otherwise: [],
    });
    return applied.succeeded ? applied.revision : undefined;
  }
}
