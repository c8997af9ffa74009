/**
 * Reads files from the DHT, each chunk checked against its name.
 *
 * The record names the index by its SHA-256, and the index the chunks by theirs: what is read is
 * what was stored, or an error.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { AetherError } from "../../base/errors.ts";
import { chunkBytes, type FileRange, type FileRecord } from "../../protocol/storage/artifacts.ts";
import type { Dht } from "../dht/dht.ts";

/** Chunks that are fetched ahead. */
const windowChunks = 8;
const chunkTimeoutMs = 10_000;
const hashBytes = 32;

/**
 * The names of a file's chunks, in order.
 *
 * @throws {AetherError} STORAGE_CORRUPT when no node has the index; what the DHT throws.
 */
export async function readIndex(dht: Dht, record: FileRecord): Promise<string[]> {
  const bytes = await readChunk(dht, record.index);
  const expected = Math.ceil(record.sizeBytes / chunkBytes) * hashBytes;
  if (bytes.length !== expected) {
    throw new AetherError(
      "STORAGE_CORRUPT",
      `The index ${record.index} has ${bytes.length} bytes, not ${expected}`,
    );
  }
  return chunksOf(bytes);
}

/** The names of chunks in the bytes of an index. */
export function chunksOf(index: Uint8Array): string[] {
  const names: string[] = [];
  for (let at = 0; at < index.length; at += hashBytes) {
    names.push(index.subarray(at, at + hashBytes).toHex());
  }
  return names;
}

/**
 * A chunk by its name.
 *
 * @throws {AetherError} STORAGE_CORRUPT when no node has it; what the DHT throws.
 */
export async function readChunk(dht: Dht, name: string): Promise<Uint8Array> {
  const bytes = await dht.get("chunks", name, chunkTimeoutMs);
  if (bytes !== undefined && createHash("sha256").update(bytes).digest("hex") === name) {
    return bytes;
  }
  const what = bytes === undefined ? "missing from every owner" : "damaged";
  throw new AetherError("STORAGE_CORRUPT", `Chunk ${name} is ${what}`, {
    hint: "Start the nodes that held it, or publish the same file again, which repairs it",
  });
}

/** A file, or a part of it, at the pace of its reader; reads the index before it answers. */
export async function readFile(
  dht: Dht,
  record: FileRecord,
  range: FileRange = { first: 0, last: record.sizeBytes - 1 },
): Promise<ReadableStream<Uint8Array>> {
  const names = await readIndex(dht, record);
  const { first, last } = range;
  const end = Math.floor(last / chunkBytes) + 1;
  let next = Math.floor(first / chunkBytes);
  let ahead = next;
  const fetched: Promise<Uint8Array>[] = [];
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (; ahead < Math.min(end, next + windowChunks); ahead++) {
        const chunk = readChunk(dht, names[ahead] ?? "");
        // Whoever reads gets the failure in its turn.
        chunk.catch(() => {});
        fetched.push(chunk);
      }
      const chunk = await fetched.shift();
      if (chunk === undefined) {
        controller.close();
        return;
      }
      const start = next++ * chunkBytes;
      controller.enqueue(chunk.slice(Math.max(0, first - start), last + 1 - start));
    },
  }, { highWaterMark: 0 });
}
