/**
 * Fast hashes of text and numbers that spread well: for rings, partitions and digests of sets.
 *
 * Not for secrets, and not to tell contents apart that somebody chose: for that there is SHA-256.
 * The same on every machine and for ever, since what is stored is found by it.
 *
 * @module
 */

const utf8 = new TextEncoder();

/** 64 bits as two unsigned 32-bit integers. */
export type Hash64 = readonly [high: number, low: number];

/**
 * A 32-bit hash of a text's UTF-8 bytes: MurmurHash3 x86_32, an unsigned integer.
 *
 * @example
 * ```ts
 * import { hash32 } from "./hash.ts";
 * console.assert(hash32("hello") === 0x248bfa47);
 * ```
 */
export function hash32(text: string, seed = 0): number {
  const bytes = utf8.encode(text);
  const { length } = bytes;
  const whole = length & ~3;
  let hash = seed | 0;
  for (let i = 0; i < whole; i += 4) {
    const word = at(bytes, i) | at(bytes, i + 1) << 8 | at(bytes, i + 2) << 16 |
      at(bytes, i + 3) << 24;
    hash ^= scramble(word);
    hash = (Math.imul(hash << 13 | hash >>> 19, 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let i = length - 1; i >= whole; i--) rest = rest << 8 | at(bytes, i);
  if (whole < length) hash ^= scramble(rest);
  return mix32(hash ^ length);
}

/** A 64-bit hash of a text: two independent halves. */
export function hash64(text: string): Hash64 {
  return [hash32(text, 0x9747b28c), hash32(text, 0x3c6ef372)];
}

/** Spreads the bits of a 32-bit integer: the finalizer of MurmurHash3, an unsigned integer. */
export function mix32(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ mixed >>> 16, 0x85ebca6b);
  mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
  return (mixed ^ mixed >>> 16) >>> 0;
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul(mixed << 15 | mixed >>> 17, 0x1b873593);
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] as number; // in bounds
}
