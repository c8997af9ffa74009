/**
 * How long to wait before something is tried again.
 *
 * @module
 */

/** Growth of the waits; times in milliseconds. */
export interface Backoff {
  /** Upper bound of the first wait. */
  readonly firstMs: number;
  /** Upper bound of every wait. */
  readonly maxMs: number;
}

/**
 * The wait before a retry, "equal jitter": half of a bound that doubles, and a random part of the
 * other half, so that those who failed together do not come back together.
 *
 * @param retry 1 for the first retry.
 * @param random 0 to 1.
 */
export function backoffMs({ firstMs, maxMs }: Backoff, retry: number, random: number): number {
  const bound = Math.min(maxMs, firstMs * 2 ** Math.min(30, retry - 1));
  return bound / 2 * (1 + random);
}
