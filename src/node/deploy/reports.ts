/**
 * {@link Reports}: writes the states of a node's instances into the store, in order.
 *
 * The store refuses a state that skips one, so the reports of an instance never overtake each
 * other: there is one write under way for each, and what came meanwhile follows together. What
 * cannot be written is tried again for as long as the node runs.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { KeyOperation } from "../../protocol/store/command.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";

const retryDelayMs = 1_000;

/** What reports need. */
export interface ReportsOptions {
  readonly store: Pick<ReplicatedStore, "propose">;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Waiting {
  readonly operation: KeyOperation;
  /** Called with the revision at which it was written. */
  readonly resolve: (revision: number) => void;
}

/** The reports of one node. */
export class Reports {
  readonly #options: ReportsOptions;
  readonly #waiting = new Map<string, Waiting[]>();
  readonly #busy = new Set<string>();
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: ReportsOptions) {
    this.#options = options;
  }

  /** Writes a report after those of the same key; resolves with the revision, or never. */
  write(operation: KeyOperation): Promise<number> {
    return new Promise((resolve) => {
      const { key } = operation;
      const waiting = this.#waiting.get(key) ?? [];
      waiting.push({ operation, resolve });
      this.#waiting.set(key, waiting);
      this.#flush(key);
    });
  }

  /** Tries nothing again any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #flush(key: string): Promise<void> {
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    let isIllegal = false;
    for (let waiting = this.#next(key); waiting.length > 0; waiting = this.#next(key)) {
      // Of several, one may be legal without the others.
      const batch = isIllegal ? waiting.slice(0, 1) : [...waiting];
      const outcome = await this.#propose(key, batch);
      if (outcome === "failed") break;
      isIllegal = outcome === "illegal";
      if (isIllegal && batch.length > 1) continue;
      waiting.splice(0, batch.length);
    }
    this.#busy.delete(key);
  }

  #next(key: string): Waiting[] {
    const waiting = this.#waiting.get(key) ?? [];
    if (waiting.length === 0) this.#waiting.delete(key);
    return waiting;
  }

  async #propose(
    key: string,
    batch: readonly Waiting[],
  ): Promise<"written" | "illegal" | "failed"> {
    const { store, log } = this.#options;
    const then = batch.map(({ operation }) => operation);
    try {
      const { revision } = await store.propose("node", { compare: [], then, otherwise: [] });
      for (const { resolve } of batch) resolve(revision);
      return "written";
    } catch (error) {
      if (this.#isStopped) return "failed";
      const { message } = toAetherError(error);
      if (error instanceof AetherError && error.name === "TRANSITION_ILLEGAL") {
        // The leader has removed the record: it took the node for dead.
        log.debug("A report came too late", { key, error: message });
        if (batch.length === 1) batch[0]?.resolve(0);
        return "illegal";
      }
      log.error("The state of an instance could not be reported", { key, error: message });
      this.#retryLater();
      return "failed";
    }
  }

  #retryLater(): void {
    this.#timer ??= this.#options.clock.setTimer(retryDelayMs, () => {
      this.#timer = undefined;
      for (const key of [...this.#waiting.keys()]) this.#flush(key);
    });
  }
}
