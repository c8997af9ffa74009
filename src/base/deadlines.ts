/**
 * Deadlines of many short operations on one timer.
 *
 * A timer per request costs more than many requests do otherwise. Deadlines here are checked a few
 * times a second instead: each passes a little late, which nobody notices after seconds.
 *
 * @module
 */
import type { Clock, Timer } from "./clock.ts";

interface Waiting {
  readonly dueMs: number;
  readonly expire: () => void;
}

/** Time between two checks, in milliseconds. */
const checkEveryMs = 100;

/** Operations that must end in time. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * What the work comes to, or a rejection when it takes longer; the work itself goes on.
   *
   * @param late makes the error of work that is late
   *
   * @example
   * ```ts
   * import { ManualClock } from "./clock.ts";
   * import { Deadlines } from "./deadlines.ts";
   * const deadlines = new Deadlines(new ManualClock());
   * console.assert(await deadlines.within(Promise.resolve(1), 50, () => new Error("late")) === 1);
   * ```
   */
  within<T>(work: Promise<T>, timeoutMs: number, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = {
        dueMs: this.#clock.monotonicMs() + timeoutMs,
        expire: () => reject(late()),
      };
      this.#waiting.add(waiting);
      this.#timer ??= this.#clock.setTimer(checkEveryMs, () => this.#check());
      work.then((value) => {
        this.#end(waiting);
        resolve(value);
      }, (error) => {
        this.#end(waiting);
        reject(error);
      });
    });
  }

  /** Without anything to wait for there is no timer. */
  #end(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #check(): void {
    const now = this.#clock.monotonicMs();
    for (const waiting of this.#waiting) {
      if (waiting.dueMs > now) continue;
      this.#waiting.delete(waiting);
      waiting.expire();
    }
    const isIdle = this.#waiting.size === 0;
    this.#timer = isIdle ? undefined : this.#clock.setTimer(checkEveryMs, () => this.#check());
  }
}
