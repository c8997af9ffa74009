/**
 * Takes a file as a stream and puts its chunks into the DHT, with its checksums on the way.
 *
 * No more than a window of chunks is in memory. What was staged and is never committed stays as
 * chunks that no file names, until they are collected.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { inPieces } from "../../protocol/storage/pieces.ts";
import { chunkBytes, type StagedFile } from "../../protocol/storage/artifacts.ts";
import type { Dht } from "../dht/dht.ts";

/** Chunks of one file that are under way. */
const windowChunks = 16;
const chunkTimeoutMs = 20_000;

/**
 * Stages a file.
 *
 * @throws {AetherError} what the DHT throws; or what the stream fails with.
 */
export async function stageFile(
  stream: ReadableStream<Uint8Array>,
  dht: Dht,
  onBytes: (bytes: Uint8Array) => void,
): Promise<Omit<StagedFile, "slice">> {
  const whole = [createHash("sha256"), createHash("sha1"), createHash("md5")] as const;
  const chunks = new ChunkWriter(dht);
  const hashes: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of inPieces(stream, chunkBytes)) {
    sizeBytes += chunk.length;
    onBytes(chunk);
    for (const hash of whole) hash.update(chunk);
    hashes.push(await chunks.write(chunk));
    // Three hashes of a chunk take a millisecond: others of this thread are let through.
    await setImmediate();
  }
  await chunks.settle();
  const index = await chunks.write(join(hashes));
  await chunks.settle();
  const [sha256, sha1, md5] = whole.map((hash) => hash.digest("hex"));
  return {
    sizeBytes,
    sha256: sha256 ?? "",
    sha1: sha1 ?? "",
    md5: md5 ?? "",
    index: index.toHex(),
    underReplicated: chunks.underReplicated,
  };
}

/** Puts chunks, some at a time; each of them once. */
class ChunkWriter {
  underReplicated = 0;
  readonly #dht: Dht;
  readonly #written = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(dht: Dht) {
    this.#dht = dht;
  }

  /** Begins to put a chunk when there is room; answers its SHA-256. */
  async write(chunk: Uint8Array): Promise<Uint8Array> {
    const hash = createHash("sha256").update(chunk).digest();
    const key = hash.toString("hex");
    if (!this.#written.has(key)) {
      this.#written.add(key);
      while (this.#underWay.size >= windowChunks) await Promise.race(this.#underWay);
      this.#check();
      const putting: Promise<void> = this.#put(key, chunk)
        .finally(() => this.#underWay.delete(putting));
      this.#underWay.add(putting);
    }
    return hash;
  }

  /** Waits until all chunks are stored. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
    this.#check();
  }

  async #put(key: string, chunk: Uint8Array): Promise<void> {
    try {
      const options = { timeoutMs: chunkTimeoutMs, copies: "all" } as const;
      const { copies, owners } = await this.#dht.put("chunks", key, chunk, options);
      if (copies < owners) this.underReplicated++;
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

function join(hashes: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(hashes.length * 32);
  hashes.forEach((hash, i) => whole.set(hash, i * 32));
  return whole;
}
