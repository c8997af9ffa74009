/**
 * Writes a self-extracting executable: the launcher, one zstd frame per file, an index, a trailer.
 *
 * The layout is the twin of `struct entry` and `struct trailer` in `scripts/launcher/launcher.c`.
 * Called by `build.ts`.
 *
 * @module
 */

import { constants, zstdCompress } from "node:zlib";
import { promisify } from "node:util";

/** A file that the launcher unpacks. */
export interface PackedFile {
  /** Its name in the cache folder: no slash, no leading dot, at most 63 bytes. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Permission bits, for example 0o600. */
  readonly mode: number;
}

const magic = "AETHER02";
const entryBytes = 128;
const trailerBytes = 56;
const nameBytes = 64;
const compress = promisify(zstdCompress);

/** The bytes of the executable; `level` is zstd's, 1 (fast) to 19 (small). */
export async function pack(
  launcher: Uint8Array,
  files: readonly PackedFile[],
  level: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  const frames = await Promise.all(files.map(({ bytes }) => compress(bytes, { params })));
  const index = new Uint8Array(files.length * entryBytes);
  let offset = launcher.length;
  for (const [i, file] of files.entries()) {
    const frame = frames[i] as Uint8Array;
    const row = index.subarray(i * entryBytes, (i + 1) * entryBytes);
    await writeEntry(row, file, { offset, packedBytes: frame.length });
    offset += frame.length;
  }
  const indexOffset = Math.ceil(offset / 8) * 8;
  const result = new Uint8Array(indexOffset + index.length + trailerBytes);
  let end = 0;
  for (const part of [launcher, ...frames]) {
    result.set(part, end);
    end += part.length;
  }
  result.set(index, indexOffset);
  const trailer = new DataView(result.buffer, indexOffset + index.length);
  trailer.setBigUint64(0, BigInt(indexOffset), true);
  trailer.setUint32(8, files.length, true);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", index));
  result.set(digest, trailer.byteOffset + 16);
  result.set(new TextEncoder().encode(magic), trailer.byteOffset + 48);
  return result;
}

async function writeEntry(
  row: Uint8Array,
  file: PackedFile,
  { offset, packedBytes }: { offset: number; packedBytes: number },
): Promise<void> {
  const name = new TextEncoder().encode(file.name);
  if (name.length >= nameBytes || /^\.|\//.test(file.name)) {
    throw new Error(`The name '${file.name}' cannot be packed: use a short, plain file name`);
  }
  row.set(name);
  row.set(new Uint8Array(await crypto.subtle.digest("SHA-256", file.bytes)), nameBytes);
  const numbers = new DataView(row.buffer, row.byteOffset + nameBytes + 32);
  numbers.setBigUint64(0, BigInt(offset), true);
  numbers.setBigUint64(8, BigInt(packedBytes), true);
  numbers.setBigUint64(16, BigInt(file.bytes.length), true);
  numbers.setUint32(24, file.mode, true);
}
