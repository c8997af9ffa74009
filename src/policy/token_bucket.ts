/**
 * A bucket of tokens that fills at a steady rate: limits how often something may happen.
 *
 * Pure: time is an argument. Rate limits and retry budgets are made of it.
 *
 * @module
 */

/** Size and filling of a bucket. */
export interface BucketLimits {
  /** Most tokens it holds; it starts full. */
  readonly capacity: number;
  /** Tokens that come in a second. */
  readonly perSecond: number;
}

/**
 * One bucket.
 *
 * @example
 * ```ts
 * import { TokenBucket } from "./token_bucket.ts";
 * const bucket = new TokenBucket({ capacity: 1, perSecond: 2 }, 0);
 * console.assert(bucket.take(0) && !bucket.take(0));
 * console.assert(bucket.waitMs(0) === 500 && bucket.take(500));
 * ```
 */
export class TokenBucket {
  readonly #limits: BucketLimits;
  #tokens: number;
  #filledAtMs: number;

  constructor(limits: BucketLimits, nowMs: number) {
    this.#limits = limits;
    this.#tokens = limits.capacity;
    this.#filledAtMs = nowMs;
  }

  /** Takes a token; answers false when there is none. */
  take(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Puts tokens in beside those that come by themselves. */
  put(tokens: number): void {
    this.#tokens = Math.min(this.#limits.capacity, this.#tokens + tokens);
  }

  /** Milliseconds until the next token; 0 when there is one. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    if (this.#tokens >= 1) return 0;
    const { perSecond } = this.#limits;
    return perSecond === 0 ? Infinity : (1 - this.#tokens) / perSecond * 1_000;
  }

  #fill(nowMs: number): void {
    const { capacity, perSecond } = this.#limits;
    const passedMs = nowMs - this.#filledAtMs;
    if (passedMs <= 0) return;
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(capacity, this.#tokens + passedMs / 1_000 * perSecond);
  }
}
