/**
 * How long messages took from publisher to subscriber, as a subscriber notes it.
 *
 * Also a file of the measured slice and of the NATS client, so it imports nothing.
 *
 * @module
 */

/** What a subscriber noted. */
export interface Noted {
  readonly handled: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Wall time in milliseconds with fractions, the same for all processes of a machine. */
export function preciseMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Notes latencies until they are taken. */
export class Latencies {
  #samples: number[] = [];

  /** A message that was published at this time has come. */
  note(sentAtMs: number): void {
    if (this.#samples.length < 1_000_000) this.#samples.push(preciseMs() - sentAtMs);
  }

  /** All since the last time. */
  take(): Noted {
    const sorted = this.#samples.sort((a, b) => a - b);
    this.#samples = [];
    const at = (share: number) =>
      Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 1_000);
    return { handled: sorted.length, p50Us: at(0.5), p99Us: at(0.99) };
  }
}
