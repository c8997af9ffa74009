/**
 * {@link ThreadSilence}: for how long a thread that had every chance to answer has not done so.
 *
 * Not silent is a thread that waits for a processor: on a machine with more work than it can do,
 * a restart would only add to it. A pause of the whole process is nobody's silence either. It reads
 * no clock; its owner, {@link Thread}, does.
 *
 * @module
 */

/** What is known at a moment, both in milliseconds. */
export interface Moment {
  /** Of a monotonic clock. */
  readonly nowMs: number;
  /**
   * For how long the thread was ready to run and did not get a processor, since it began;
   * undefined when nobody can say at the moment.
   */
  readonly waitedMs: number | undefined;
}

/** Counts the silence of one thread. */
export class ThreadSilence {
  readonly #intervalMs: number;
  #waitedMs = 0;
  #answered: { readonly nowMs: number; readonly waitedMs: number };
  #askedAtMs: number;

  /** Starts with a thread that has just answered, and is asked at this interval. */
  constructor(intervalMs: number, now: Moment) {
    this.#intervalMs = intervalMs;
    this.#answered = this.#known(now);
    this.#askedAtMs = now.nowMs;
  }

  /** The thread has answered. */
  answered(now: Moment): void {
    this.#answered = this.#known(now);
  }

  /** The thread is asked again; answers how long it has been silent. */
  ask(now: Moment): number {
    const { nowMs, waitedMs } = this.#known(now);
    // A pause of this process, such as a stopped machine.
    if (nowMs - this.#askedAtMs > 2 * this.#intervalMs) this.#answered = { nowMs, waitedMs };
    this.#askedAtMs = nowMs;
    return nowMs - this.#answered.nowMs - (waitedMs - this.#answered.waitedMs);
  }

  /** What is not known now is as it was last: a failed look makes nobody silent. */
  #known({ nowMs, waitedMs }: Moment): { readonly nowMs: number; readonly waitedMs: number } {
    this.#waitedMs = Math.max(this.#waitedMs, waitedMs ?? 0);
    return { nowMs, waitedMs: this.#waitedMs };
  }
}
