/**
 * Limits the bytes per second that synchronization fetches: operations come first.
 *
 * @module
 */

/** Bytes that may be fetched, refilled with time up to one second's worth. */
export class Throttle {
  readonly #bytesPerSecond: number;
  #tokens: number;
  #atMs = -Infinity;

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#tokens = bytesPerSecond;
  }

  /** Whether something may be fetched now. */
  isOpen(nowMs: number): boolean {
    const passedMs = Math.min(1_000, Math.max(0, nowMs - this.#atMs));
    this.#atMs = nowMs;
    const refilled = this.#tokens + passedMs / 1_000 * this.#bytesPerSecond;
    this.#tokens = Math.min(this.#bytesPerSecond, refilled);
    return this.#tokens > 0;
  }

  /** So many bytes were fetched; how many is known only afterwards, so it may become a debt. */
  take(bytes: number): void {
    this.#tokens -= bytes;
  }
}
