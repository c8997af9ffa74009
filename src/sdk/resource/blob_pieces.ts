/**
 * Bytes of blobs in pieces, for the handle and for its fake.
 *
 * @module
 */
import { inPieces } from "../../protocol/storage/pieces.ts";
import { limits } from "../../protocol/limits.ts";
import type { BlobContent, BlobSource, BlobStat } from "./blob.ts";

/**
 * The bytes of a source in pieces of their own, none of them large.
 *
 * @throws {TypeError} when a stream has something else than bytes.
 */
export function piecesOf(source: BlobSource): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  return inPieces(partsOf(source), limits.blobPieceBytes);
}

async function* partsOf(source: BlobSource): AsyncGenerator<Uint8Array> {
  if (typeof source === "string") yield new TextEncoder().encode(source);
  else if (source instanceof Uint8Array) yield source;
  else {
    for await (const part of source) {
      if (part instanceof Uint8Array) yield part;
      else throw new TypeError(`A blob is made of Uint8Array, not of ${typeof part}`);
    }
  }
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
