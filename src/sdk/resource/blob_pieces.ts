/**
 * Bytes of blobs in pieces, for the handle and for its fake.
 *
 * @module
 */
import { limits } from "../../protocol/limits.ts";
import type { BlobContent, BlobSource, BlobStat } from "./blob.ts";

/**
 * The bytes of a source in pieces of their own, none of them large.
 *
 * @throws {TypeError} when a stream has something else than bytes.
 */
export async function* piecesOf(source: BlobSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const max = limits.blobPieceBytes;
  let piece = new Uint8Array(max);
  let filled = 0;
  for await (const bytes of partsOf(source)) {
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError(`A blob is made of Uint8Array, not of ${typeof bytes}`);
    }
    for (let at = 0; at < bytes.length;) {
      const taken = bytes.subarray(at, at + max - filled);
      piece.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < max) continue;
      yield piece;
      piece = new Uint8Array(max);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.slice(0, filled);
}

function partsOf(source: BlobSource): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  if (typeof source === "string") return [new TextEncoder().encode(source)];
  return source instanceof Uint8Array ? [source] : source;
}

/** What `get` answers, from the stream. */
export function contentOf(stat: BlobStat, stream: ReadableStream<Uint8Array>): BlobContent {
  const bytes = async () => {
    const parts = await Array.fromAsync(stream);
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  return { ...stat, stream, bytes, text: async () => new TextDecoder().decode(await bytes()) };
}
