/**
 * Limits how many log lines an instance sends: the first ones of every second, and then how many
 * were left out.
 *
 * @module
 */

const windowMs = 1_000;

/** Counts lines per second. */
export class LogLimit {
  readonly #max: number;
  #windowStart = -Infinity;
  #count = 0;

  /** Lets `max` lines pass in a second. */
  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Whether a line passes at this time, and how many were left out since the last one that did.
   *
   * @param nowMs A monotonic clock.
   */
  admit(nowMs: number): { readonly passes: boolean; readonly leftOut: number } {
    let leftOut = 0;
    if (nowMs - this.#windowStart >= windowMs) {
      leftOut = Math.max(0, this.#count - this.#max);
      this.#windowStart = nowMs;
      this.#count = 0;
    }
    this.#count++;
    return { passes: this.#count <= this.#max, leftOut };
  }
}
