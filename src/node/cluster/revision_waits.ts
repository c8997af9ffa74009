/**
 * Callers that wait until this node has applied a revision, such as reads of a session that was
 * served elsewhere before.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";

const waitingMax = 10_000;

interface Waiting {
  readonly revision: number;
  readonly timer: Timer;
  readonly resolve: () => void;
}

/** Waiting callers, each with a limit of time. */
export class RevisionWaits {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Callers that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Resolves when {@link RevisionWaits.reached} was called with the revision or a later one.
   *
   * @throws {AetherError} TIMEOUT when that takes too long, OVERLOADED when too many wait.
   */
  wait(revision: number, timeoutMs: number): Promise<void> {
    if (this.#waiting.size >= waitingMax) {
      const text = `${waitingMax} reads wait for revisions that this node does not have`;
      return Promise.reject(new AetherError("OVERLOADED", text));
    }
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(timeoutMs, () => {
        this.#waiting.delete(waiting);
        const text = `Revision ${revision} was not applied on this node within ${timeoutMs} ms`;
        reject(new AetherError("TIMEOUT", text, { hint: "Ask another node, or ask again later" }));
      });
      const waiting: Waiting = { revision, timer, resolve };
      this.#waiting.add(waiting);
    });
  }

  /** This node has applied everything up to a revision. */
  reached(revision: number): void {
    for (const waiting of this.#waiting) {
      if (waiting.revision > revision) continue;
      this.#waiting.delete(waiting);
      waiting.timer.cancel();
      waiting.resolve();
    }
  }
}
