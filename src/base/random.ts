/**
 * Randomness as an argument, and the seeded twin that makes every simulated run repeatable.
 *
 * {@link SeededRandom} is not fit for secrets: keys and tokens come from the system's generator in
 * `src/io/random.ts`.
 *
 * @module
 */
import { assert } from "./assert.ts";

/** A source of uniformly distributed numbers. */
export interface Random {
  /** An integer from 0 to 2^32 - 1. */
  nextUint32(): number;
  /** A number from 0 up to, not including, 1, with 53 random bits. */
  nextFloat(): number;
  /** An integer from 0 to n - 1, without bias; n is 1 to 2^32. */
  nextBelow(n: number): number;
  /** So many random bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer>;
}

/** Everything of {@link Random} that follows from `nextUint32()`. */
export abstract class Uint32Random implements Random {
  abstract nextUint32(): number;

  nextFloat(): number {
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  nextBelow(n: number): number {
    assert(Number.isInteger(n) && n >= 1 && n <= 2 ** 32, `Bound ${n} is not 1 to 2^32`);
    // Numbers past the last whole multiple of n would favour small results: draw again.
    const limit = 2 ** 32 - (2 ** 32 % n);
    for (;;) {
      const drawn = this.nextUint32();
      if (drawn < limit) return drawn % n;
    }
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count);
    let word = 0;
    for (let i = 0; i < count; i++) {
      if (i % 4 === 0) word = this.nextUint32();
      bytes[i] = word;
      word >>>= 8;
    }
    return bytes;
  }
}

/**
 * Repeatable numbers from a seed, by the sfc32 generator.
 *
 * @example
 * ```ts
 * import { SeededRandom } from "./random.ts";
 * const one = new SeededRandom("seed");
 * const two = new SeededRandom("seed");
 * console.assert(one.nextUint32() === two.nextUint32());
 * ```
 */
export class SeededRandom extends Uint32Random {
  /** The seed, for messages and replays. */
  readonly seed: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: string | number) {
    super();
    this.seed = String(seed);
    this.#a = hashText(this.seed, 0x9e3779b9);
    this.#b = hashText(this.seed, 0x85ebca6b);
    this.#c = hashText(this.seed, 0xc2b2ae35);
    for (let round = 0; round < 12; round++) this.nextUint32();
  }

  nextUint32(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result >>> 0;
  }

  /**
   * Another stream for one purpose. It depends on the seed and the name only, not on what was drawn
   * here before: dropping a fault from a failing run does not shift the rest of it.
   */
  split(purpose: string): SeededRandom {
    return new SeededRandom(`${this.seed}/${purpose}`);
  }
}

/** A 32-bit hash of text: FNV-1a over both bytes of every unit, mixed so that all bits count. */
function hashText(text: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}
