/**
 * Bytes in and out: the writer and the reader that every binary format of Aether is made with.
 *
 * All integers are little-endian. Values are copied, both ways, so that a small value never keeps a
 * large buffer alive. The reader trusts nothing: whatever the bytes are, it returns a value or
 * throws {@link DecodeError}; it never reads past the end nor allocates more than it was given.
 *
 * @module
 */
import { assert, InvariantError } from "./assert.ts";

/** The bytes are not what the format says. */
export class DecodeError extends Error {
  override name = "DecodeError";
  /** Where in the input, in bytes from its start. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

const encoder = new TextEncoder();
// ignoreBOM keeps a leading U+FEFF, which would otherwise be lost.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** What the decoder puts in the place of bytes that are not UTF-8. */
const replacement = "\ufffd";

/** Bytes of the longest variable-length integer, that of 2^53 - 1. */
const VARINT_BYTES_MAX = 8;
/** A cleared writer gives buffers beyond this back to the garbage collector. */
const KEPT_BYTES_MAX = 1024 * 1024;
const DEFAULT_CAPACITY_BYTES = 256;
const DEFAULT_LIMIT_BYTES = 1024 * 1024 * 1024;
/** Longer texts are left to the system, which is slow to start and fast afterwards. */
const SHORT_TEXT_MAX = 128;

/**
 * A growing buffer; every method appends and returns the writer.
 *
 * Values out of range and growth beyond the limit are bugs of the caller: InvariantError.
 *
 * @example
 * ```ts
 * import { ByteReader, ByteWriter } from "./codec.ts";
 * const bytes = new ByteWriter().u8(7).string("seven").take();
 * const reader = new ByteReader(bytes);
 * console.assert(reader.u8() === 7 && reader.string(100) === "seven");
 * reader.end();
 * ```
 */
export class ByteWriter {
  readonly #limitBytes: number;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  /** Starts empty, with room for `capacityBytes`, and never grows beyond `limitBytes`. */
  constructor(capacityBytes = DEFAULT_CAPACITY_BYTES, limitBytes = DEFAULT_LIMIT_BYTES) {
    this.#limitBytes = limitBytes;
    this.#bytes = new Uint8Array(capacityBytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** An integer from 0 to 255. */
  u8(value: number): this {
    if ((value & 0xff) !== value) throw outOfRange(value, "an unsigned 8-bit integer");
    const offset = this.#reserve(1);
    this.#bytes[offset] = value;
    return this;
  }

  /** An integer from 0 to 65535. */
  u16(value: number): this {
    if ((value & 0xffff) !== value) throw outOfRange(value, "an unsigned 16-bit integer");
    const offset = this.#reserve(2);
    this.#view.setUint16(offset, value, true);
    return this;
  }

  /** An integer from 0 to 2^32 - 1. */
  u32(value: number): this {
    if (value >>> 0 !== value) throw outOfRange(value, "an unsigned 32-bit integer");
    const offset = this.#reserve(4);
    this.#view.setUint32(offset, value, true);
    return this;
  }

  /** An integer from 0 to 2^53 - 1, in eight bytes. */
  u64(value: number): this {
    assertCount(value);
    const offset = this.#reserve(8);
    this.#view.setUint32(offset, value % 2 ** 32, true);
    this.#view.setUint32(offset + 4, Math.floor(value / 2 ** 32), true);
    return this;
  }

  /** A number, in eight bytes. */
  f64(value: number): this {
    const offset = this.#reserve(8);
    this.#view.setFloat64(offset, value, true);
    return this;
  }

  /** An integer from 0 to 2^53 - 1, in one to eight bytes: small ones are short. */
  varint(value: number): this {
    assertCount(value);
    let left = value;
    while (left >= 0x80) {
      this.u8((left % 0x80) | 0x80);
      left = Math.floor(left / 0x80);
    }
    return this.u8(left);
  }

  /** Bytes with their length before them. */
  bytes(value: Uint8Array): this {
    return this.varint(value.length).raw(value);
  }

  /** Bytes as they are; the reader must know how many. */
  raw(value: Uint8Array): this {
    const offset = this.#reserve(value.length);
    this.#bytes.set(value, offset);
    return this;
  }

  /** Text as UTF-8 with its length in bytes before it; half a surrogate pair becomes U+FFFD. */
  string(value: string): this {
    if (value.length <= SHORT_TEXT_MAX && this.#shortAscii(value)) return this;
    // The length comes first but is known last: leave room for the longest, close the gap after.
    const start = this.#length;
    const gap = varintBytes(value.length * 3);
    this.#reserve(gap + value.length * 3);
    const { written } = encoder.encodeInto(value, this.#bytes.subarray(start + gap));
    this.#length = start;
    this.varint(written);
    const textStart = this.#length;
    if (textStart !== start + gap) {
      this.#bytes.copyWithin(textStart, start + gap, start + gap + written);
    }
    this.#length = textStart + written;
    return this;
  }

  /** Writes a text whose length takes one byte; false, and nothing is written, when it cannot. */
  #shortAscii(value: string): boolean {
    const { length } = value;
    if (length >= 0x80) return false;
    const start = this.#reserve(1 + length);
    const bytes = this.#bytes;
    bytes[start] = length;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) {
        this.#length = start;
        return false;
      }
      bytes[start + 1 + i] = unit;
    }
    return true;
  }

  /** How many items, then each of them. */
  list<T>(items: readonly T[], writeItem: (item: T, writer: ByteWriter) => void): this {
    this.varint(items.length);
    for (const item of items) writeItem(item, this);
    return this;
  }

  /** Overwrites four bytes that were written before, such as a checksum of what follows. */
  patchU32(offset: number, value: number): this {
    assert(value >>> 0 === value, `${value} is not an unsigned 32-bit integer`);
    assert(offset >= 0 && offset + 4 <= this.#length, `Offset ${offset} is not written yet`);
    this.#view.setUint32(offset, value, true);
    return this;
  }

  /** What was written, not copied: valid until the next write or `clear()`. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what was written; the writer is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const copy = this.#bytes.slice(0, this.#length);
    this.clear();
    return copy;
  }

  /** Forgets what was written and keeps the buffer, unless it is large. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#replace(new Uint8Array(DEFAULT_CAPACITY_BYTES));
  }

  /** Makes room and returns where it starts. */
  #reserve(count: number): number {
    const offset = this.#length;
    const needed = offset + count;
    if (needed > this.#bytes.length) {
      assert(needed <= this.#limitBytes, `${needed} bytes exceed the writer's ${this.#limitBytes}`);
      const grown = new Uint8Array(Math.min(Math.max(needed, offset * 2), this.#limitBytes));
      grown.set(this.#bytes.subarray(0, offset));
      this.#replace(grown);
    }
    this.#length = needed;
    return offset;
  }

  #replace(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Reads what {@link ByteWriter} wrote; all methods throw {@link DecodeError} on anything else. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #view: DataView | undefined;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes left. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    return this.#bytes[this.#advance(1)] as number; // in bounds, or #advance() has thrown
  }

  u16(): number {
    return this.#numbers().getUint16(this.#advance(2), true);
  }

  u32(): number {
    return this.#numbers().getUint32(this.#advance(4), true);
  }

  u64(): number {
    const offset = this.#advance(8);
    const numbers = this.#numbers();
    const high = numbers.getUint32(offset + 4, true);
    if (high >= 2 ** 21) throw new DecodeError("Integer exceeds 2^53 - 1", offset);
    return high * 2 ** 32 + numbers.getUint32(offset, true);
  }

  f64(): number {
    return this.#numbers().getFloat64(this.#advance(8), true);
  }

  /** Only the shortest form is accepted, so equal values always have equal bytes. */
  varint(): number {
    const start = this.#offset;
    let value = 0;
    for (let i = 0, scale = 1; i < VARINT_BYTES_MAX; i++, scale *= 0x80) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      if (byte === 0 && i > 0) throw new DecodeError("Integer is longer than needed", start);
      if (!Number.isSafeInteger(value)) throw new DecodeError("Integer exceeds 2^53 - 1", start);
      return value;
    }
    throw new DecodeError("Integer does not end", start);
  }

  /** A copy of bytes with their length before them, refused beyond `maxBytes`. */
  bytes(maxBytes: number): Uint8Array<ArrayBuffer> {
    return this.raw(this.#lengthUpTo(maxBytes));
  }

  /** A copy of the next `count` bytes. */
  raw(count: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.view(count));
  }

  /** The next `count` bytes, not copied: keeps the whole input alive. */
  view(count: number): Uint8Array {
    const offset = this.#advance(count);
    return this.#bytes.subarray(offset, offset + count);
  }

  /** Bytes with their length before them, not copied: keeps the whole input alive. */
  section(maxBytes: number): Uint8Array {
    return this.view(this.#lengthUpTo(maxBytes));
  }

  /** Text with its length in bytes before it, refused beyond `maxBytes` or when not UTF-8. */
  string(maxBytes: number): string {
    const start = this.#offset;
    const text = this.section(maxBytes);
    if (text.length <= SHORT_TEXT_MAX && isAscii(text)) {
      return String.fromCharCode.apply(null, text as unknown as number[]);
    }
    // The strict decoder takes up to ten times as long, so it is asked only in case of doubt.
    const decoded = decoder.decode(text);
    if (!decoded.includes(replacement)) return decoded;
    try {
      return strictDecoder.decode(text);
    } catch {
      throw new DecodeError("Text is not valid UTF-8", start);
    }
  }

  /** Items with their count before them, refused beyond `maxItems`. */
  list<T>(maxItems: number, readItem: (reader: ByteReader) => T): T[] {
    const start = this.#offset;
    const count = this.varint();
    // Every item takes a byte or more, so a larger count cannot be true.
    if (count > maxItems || count > this.remaining) {
      throw new DecodeError(`List of ${count} items exceeds ${maxItems} or the input`, start);
    }
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(readItem(this));
    return items;
  }

  /** Throws unless everything has been read. */
  end(): void {
    if (this.remaining > 0) {
      throw new DecodeError(`${this.remaining} bytes follow the end`, this.#offset);
    }
  }

  #numbers(): DataView {
    const { buffer, byteOffset, length } = this.#bytes;
    return this.#view ??= new DataView(buffer, byteOffset, length);
  }

  #lengthUpTo(maxBytes: number): number {
    const start = this.#offset;
    const length = this.varint();
    if (length > maxBytes) {
      throw new DecodeError(`Length ${length} exceeds the limit of ${maxBytes} bytes`, start);
    }
    return length;
  }

  #advance(count: number): number {
    const offset = this.#offset;
    if (count > this.#bytes.length - offset) {
      throw new DecodeError(`${count} bytes are expected, ${this.remaining} are left`, offset);
    }
    this.#offset = offset + count;
    return offset;
  }
}

function assertCount(value: number): void {
  if (Number.isSafeInteger(value) && value >= 0) return;
  throw outOfRange(value, "an integer from 0 to 2^53 - 1");
}

/** Made only when it is needed: texts for each integer would cost more than writing it. */
function outOfRange(value: number, what: string): InvariantError {
  return new InvariantError(`${value} is not ${what}`);
}

function isAscii(text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if ((text[i] as number) >= 0x80) return false; // in bounds
  return true;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let left = value; left >= 0x80; left = Math.floor(left / 0x80)) bytes++;
  return bytes;
}
