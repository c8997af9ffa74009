/**
 * Frames on a byte stream: four bytes of length, then the payload.
 *
 * The reader takes chunks as they come from the network and hands out whole frames; it holds no
 * more than has really arrived, whatever length a peer claims. Used by the TCP transport and by the
 * pipes of slice processes. It knows nothing of what the payload means.
 *
 * @module
 */
import { assert } from "../assert.ts";
import { type ByteWriter, DecodeError } from "../codec.ts";

/** Bytes before every payload. */
export const FRAME_HEADER_BYTES = 4;

/** Appends one frame; the payload has 1 byte or more. */
export function writeFrame(writer: ByteWriter, payload: Uint8Array): void {
  assert(payload.length > 0, "A frame has 1 byte or more");
  writer.u32(payload.length).raw(payload);
}

/**
 * Cuts a stream into frames.
 *
 * @example
 * ```ts
 * import { FrameReader } from "./frame.ts";
 * const reader = new FrameReader(1024);
 * reader.push(Uint8Array.of(2, 0, 0, 0, 7));
 * console.assert(reader.next() === undefined);
 * reader.push(Uint8Array.of(8));
 * console.assert(reader.next()?.join() === "7,8");
 * ```
 */
export class FrameReader {
  readonly #maxFrameBytes: number;
  /** The start of a frame that has not arrived whole. */
  #held = new Uint8Array(0);
  #heldLength = 0;
  #chunk = new Uint8Array(0) as Uint8Array;
  #offset = 0;

  /** Payloads beyond `maxFrameBytes` are refused as soon as their length is known. */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** Adds what arrived. The chunk may be reused once `next()` has returned undefined. */
  push(chunk: Uint8Array): void {
    assert(this.#offset === this.#chunk.length, "The last chunk has not been read to its end");
    this.#chunk = chunk;
    this.#offset = 0;
  }

  /**
   * The next whole payload, not copied: valid until the chunk is reused. Undefined when more has
   * to arrive.
   *
   * @throws {DecodeError} when the length is 0 or beyond the limit. The stream is useless then.
   */
  next(): Uint8Array | undefined {
    if (this.#heldLength === 0) {
      const frame = this.#nextOfChunk();
      if (frame !== undefined) return frame;
    }
    if (!this.#hold(FRAME_HEADER_BYTES)) return undefined;
    const length = this.#lengthAt(this.#held, 0);
    if (!this.#hold(FRAME_HEADER_BYTES + length)) return undefined;
    const frame = this.#held.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + length);
    this.#heldLength = 0;
    this.#held = new Uint8Array(0);
    return frame;
  }

  /** The common case: the frame lies whole in the chunk. */
  #nextOfChunk(): Uint8Array | undefined {
    const available = this.#chunk.length - this.#offset;
    if (available < FRAME_HEADER_BYTES) return undefined;
    const length = this.#lengthAt(this.#chunk, this.#offset);
    if (available < FRAME_HEADER_BYTES + length) return undefined;
    const start = this.#offset + FRAME_HEADER_BYTES;
    this.#offset = start + length;
    return this.#chunk.subarray(start, start + length);
  }

  /** Moves bytes from the chunk until so many are held; false when the chunk does not suffice. */
  #hold(count: number): boolean {
    const moved = Math.min(count - this.#heldLength, this.#chunk.length - this.#offset);
    if (moved > 0) {
      const length = this.#heldLength + moved;
      if (length > this.#held.length) {
        const grown = new Uint8Array(Math.min(count, Math.max(length, this.#held.length * 2)));
        grown.set(this.#held.subarray(0, this.#heldLength));
        this.#held = grown;
      }
      this.#held.set(this.#chunk.subarray(this.#offset, this.#offset + moved), this.#heldLength);
      this.#heldLength = length;
      this.#offset += moved;
    }
    return this.#heldLength >= count;
  }

  #lengthAt(bytes: Uint8Array, offset: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES);
    const length = view.getUint32(0, true);
    if (length === 0 || length > this.#maxFrameBytes) {
      throw new DecodeError(
        `Frame of ${length} bytes is not within 1 to ${this.#maxFrameBytes}`,
        offset,
      );
    }
    return length;
  }
}
