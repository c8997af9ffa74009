/**
 * The parts of a partition's folder: records, and the file that says what must not be forgotten.
 *
 * @module
 */
import { join } from "node:path";
import type { ByteWriter } from "../../base/codec.ts";
import { crc32c } from "../../base/crc32.ts";
import { AetherError } from "../../base/errors.ts";
import { type LogEntry, writeEntry } from "../../protocol/messaging/entry.ts";

/** Bytes before a record's body: its length and its checksum. */
export const headBytes = 8;

/** What must not be forgotten. */
export interface Meta {
  /** See `PartitionLog.promised`. */
  readonly promised: number;
  readonly isBlank: boolean;
  /** Offset of the next entry while there is no segment. */
  readonly first: number;
}

/** Replaces the file, durably. */
export function writeMeta(folder: string, meta: Meta): void {
  const path = join(folder, "meta.json");
  const file = Deno.openSync(`${path}.tmp`, { write: true, create: true, truncate: true });
  file.writeSync(new TextEncoder().encode(JSON.stringify(meta)));
  file.syncSync();
  file.close();
  Deno.renameSync(`${path}.tmp`, path);
  syncFolder(folder);
}

/** Appends a record. */
export function writeRecord(writer: ByteWriter, entry: LogEntry): void {
  const at = writer.length;
  writer.u32(0).u32(0);
  writeEntry(writer, entry);
  const body = writer.view().subarray(at + headBytes);
  writer.patchU32(at, body.length).patchU32(at + 4, crc32c(body));
}

/** Reads the file; undefined without it. */
export function readMeta(folder: string): Meta | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(join(folder, "meta.json"));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
  return JSON.parse(text);
}

/** Makes what was made or removed in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const handle = Deno.openSync(folder);
  handle.syncSync();
  handle.close();
}

/** The error of a disk that failed. */
export function failure(what: string, folder: string, thrown: unknown): AetherError {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new AetherError(
    "STORAGE_FAILED",
    `${what} the messages in "${folder}" failed: ${reason}`,
    {
      cause: thrown,
    },
  );
}
