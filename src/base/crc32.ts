/**
 * CRC-32C (Castagnoli), the checksum of records on disk.
 *
 * It finds accidents: torn writes and flipped bits. It is no protection against anybody; where that
 * matters, SHA-256 is used.
 *
 * @module
 */

/** The Castagnoli polynomial, bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const table = makeTable();

/**
 * The CRC-32C of `bytes[from..to)`, as an unsigned 32-bit integer.
 *
 * @param previous The checksum of what came before, to go on with it.
 *
 * @example
 * ```ts
 * import { crc32c } from "./crc32.ts";
 * console.assert(crc32c(new TextEncoder().encode("123456789")) === 0xe3069283);
 * ```
 */
export function crc32c(
  bytes: Uint8Array,
  previous = 0,
  from = 0,
  to: number = bytes.length,
): number {
  let crc = ~previous;
  for (let i = from; i < to; i++) {
    crc = (table[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/**
 * Checksums of any part of some bytes without reading the part: for searching damaged files, where
 * nearly every offset has to be tried. Takes four bytes of memory for every byte.
 */
export class Crc32cRanges {
  /** Checksum of every prefix. */
  readonly #prefixes: Uint32Array;

  constructor(bytes: Uint8Array) {
    this.#prefixes = new Uint32Array(bytes.length + 1);
    let crc = ~0;
    for (let i = 0; i < bytes.length; i++) {
      crc = (table[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
      this.#prefixes[i + 1] = ~crc;
    }
  }

  /** The same as `crc32c(bytes, previous, from, to)`. */
  range(from: number, to: number, previous = 0): number {
    // A checksum is linear: crc(prefix + part) = crc(part) xor (crc(prefix) moved on by the part's
    // length). Both crc(prefix + part) and crc(prefix) are known.
    const until = this.#prefixes[to] as number;
    const before = this.#prefixes[from] as number;
    return (until ^ moveOn(before ^ previous, to - from)) >>> 0;
  }
}

function makeTable(): Int32Array {
  const entries = new Int32Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    entries[byte] = crc;
  }
  return entries;
}

/** For each power of two: what every single bit of a checksum becomes after so many zero bytes. */
let zeroOperators: Int32Array[] | undefined;

function moveOn(crc: number, lengthBytes: number): number {
  zeroOperators ??= makeZeroOperators();
  let moved = crc;
  for (let power = 0, left = lengthBytes; left > 0; power++, left = Math.floor(left / 2)) {
    if (left % 2 === 1) moved = applyOperator(zeroOperators[power] as Int32Array, moved);
  }
  return moved;
}

function makeZeroOperators(): Int32Array[] {
  const oneByte = new Int32Array(32);
  for (let bit = 0; bit < 32; bit++) {
    const value = (1 << bit) >>> 0;
    oneByte[bit] = (table[value & 0xff] as number) ^ (value >>> 8);
  }
  const operators = [oneByte];
  while (operators.length < 32) {
    const last = operators[operators.length - 1] as Int32Array;
    operators.push(last.map((column) => applyOperator(last, column)));
  }
  return operators;
}

function applyOperator(operator: Int32Array, crc: number): number {
  let result = 0;
  for (let bit = 0, left = crc; left !== 0; bit++, left >>>= 1) {
    if (left & 1) result ^= operator[bit] as number;
  }
  return result;
}
