/**
 * How often a thread of the node may be restarted before the node gives up.
 *
 * @module
 */

/** Restarts within a minute that the node bears, of a thread whose restart is cheap. */
export const restartsMax = 3;
const windowMs = 60_000;

/** Counts the deaths of one thread. */
export class RestartLimit {
  readonly #max: number;
  #deaths: number[] = [];

  constructor(max: number = restartsMax) {
    this.#max = max;
  }

  /** Whether it may be restarted after a death now; the time is that of a monotonic clock. */
  allows(nowMs: number): boolean {
    this.#deaths = this.#deaths.filter((at) => nowMs - at < windowMs);
    this.#deaths.push(nowMs);
    return this.#deaths.length <= this.#max;
  }
}
