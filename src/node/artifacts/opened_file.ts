/**
 * Files as the repository answers them: stored ones, and those that it makes itself.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { FileRange, FileRecord } from "../../protocol/storage/artifacts.ts";

/** A file as it is answered. */
export interface OpenedFile extends Pick<FileRecord, "sizeBytes" | "sha256" | "sha1" | "md5"> {
  /** All of it, or a part. */
  open(range?: FileRange): Promise<ReadableStream<Uint8Array>>;
}

/** A file that is made rather than stored. */
export function madeFile(bytes: Uint8Array<ArrayBuffer>): OpenedFile {
  const sum = (kind: string) => createHash(kind).update(bytes).digest("hex");
  return {
    sizeBytes: bytes.length,
    sha256: sum("sha256"),
    sha1: sum("sha1"),
    md5: sum("md5"),
    open: ({ first, last } = { first: 0, last: bytes.length - 1 }) =>
      Promise.resolve(new Blob([bytes.slice(first, last + 1)]).stream()),
  };
}
