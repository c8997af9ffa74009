/**
 * How long things took, in buckets: small, fast to add to, and sums of two are exact.
 *
 * Buckets grow by an eighth, so a percentile is wrong by at most 12.5 %. Pure. Gateways count with
 * it, the leader adds up what they send.
 *
 * @module
 */

const perOctave = 8;
/** From 1 µs to over an hour. */
const bucketsMax = 32 * perOctave;

/** The bucket of a duration. */
export function bucketOf(durationMs: number): number {
  const us = durationMs * 1_000;
  if (!(us > 1)) return 0;
  if (us >= 2 ** 32) return bucketsMax - 1;
  const octave = Math.floor(Math.log2(us));
  const within = Math.floor((us / 2 ** octave - 1) * perOctave);
  return octave * perOctave + within;
}

/** The upper end of a bucket in milliseconds. */
export function bucketEndMs(bucket: number): number {
  const octave = Math.floor(bucket / perOctave);
  return 2 ** octave * (1 + (bucket % perOctave + 1) / perOctave) / 1_000;
}

/**
 * A histogram of durations.
 *
 * @example
 * ```ts
 * import { Histogram } from "./histogram.ts";
 * const histogram = new Histogram();
 * for (const ms of [1, 2, 3]) histogram.add(ms);
 * const median = histogram.percentileMs(0.5);
 * console.assert(median >= 2 && median < 2.3);
 * ```
 */
export class Histogram {
  readonly #counts = new Map<number, number>();
  #count = 0;

  /** How many were added. */
  get count(): number {
    return this.#count;
  }

  /** Adds a duration. */
  add(durationMs: number): void {
    this.addTo(bucketOf(durationMs), 1);
  }

  /** Adds to a bucket; numbers that are no bucket of this build go into the last one. */
  addTo(bucket: number, count: number): void {
    const known = Math.min(bucketsMax - 1, Math.max(0, Math.floor(bucket)));
    this.#counts.set(known, (this.#counts.get(known) ?? 0) + count);
    this.#count += count;
  }

  /** Adds everything of another one. */
  addAll(other: Iterable<readonly [bucket: number, count: number]>): void {
    for (const [bucket, count] of other) this.addTo(bucket, count);
  }

  /** Buckets that are not empty, lowest first. */
  entries(): [bucket: number, count: number][] {
    return [...this.#counts].sort(([left], [right]) => left - right);
  }

  /** The duration that this share of all did not exceed, rounded up to a bucket; 0 when empty. */
  percentileMs(share: number): number {
    const wanted = Math.ceil(share * this.#count);
    let seen = 0;
    let last = 0;
    for (const [bucket, count] of this.entries()) {
      seen += count;
      last = bucketEndMs(bucket);
      if (seen >= wanted) return last;
    }
    return last;
  }
}
