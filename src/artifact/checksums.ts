/**
 * Checksums of large files, computed in many turns of the event loop and on other threads as far as
 * that is possible, for a thread that has other things to do.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";

/** What is hashed in one turn. */
const pieceBytes = 1024 * 1024;

/** Checksums in lower-case hex. */
export interface Checksums {
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
}

/**
 * The checksums of bytes that nobody changes meanwhile.
 *
 * @example
 * ```ts
 * import { checksumsOf } from "./checksums.ts";
 * const { md5 } = await checksumsOf(new TextEncoder().encode("hello"));
 * console.assert(md5 === "5d41402abc4b2a76b9719d911017c592");
 * ```
 */
export async function checksumsOf(bytes: Uint8Array): Promise<Checksums> {
  const hashes = [createHash("sha256"), createHash("sha1"), createHash("md5")];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    for (const hash of hashes) {
      hash.update(piece);
      await setImmediate();
    }
  }
  const [sha256 = "", sha1 = "", md5 = ""] = hashes.map((hash) => hash.digest("hex"));
  return { sha256, sha1, md5 };
}
