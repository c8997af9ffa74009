/**
 * Bytes in pieces of one size, from parts of any size.
 *
 * @module
 */

/**
 * Copies bytes into pieces of `pieceBytes`, of which only the last one may be shorter.
 *
 * @example
 * ```ts
 * import { inPieces } from "./pieces.ts";
 * const pieces = await Array.fromAsync(inPieces([new Uint8Array(3), new Uint8Array(2)], 4));
 * console.assert(pieces.length === 2 && pieces[1]?.length === 1);
 * ```
 */
export async function* inPieces(
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  pieceBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let piece = new Uint8Array(pieceBytes);
  let filled = 0;
  for await (const part of parts) {
    for (let at = 0; at < part.length;) {
      const taken = part.subarray(at, at + pieceBytes - filled);
      piece.set(taken, filled);
      filled += taken.length;
      at += taken.length;
      if (filled < pieceBytes) continue;
      yield piece;
      piece = new Uint8Array(pieceBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield piece.slice(0, filled);
}
