/**
 * Files in the storage thread: control asks, the DHT holds the chunks, a cache what this node uses.
 *
 * Which files there are, is in the replicated store and control's business.
 *
 * @module
 */
import { openSliceInTurns } from "../../artifact/package.ts";
import { AetherError } from "../../base/errors.ts";
import { join } from "node:path";
import { Transferred } from "../../io/thread/thread_line.ts";
import {
  type ArtifactTopics,
  type ArtifactUsage,
  type FileProgress,
  type FileRecord,
  type FileState,
  progressTopic,
  type StagedFile,
} from "../../protocol/storage/artifacts.ts";
import type { Holding } from "../../protocol/storage/dht.ts";
import { storageFolder } from "../dht/open_store.ts";
import type { ArtifactDht } from "./artifact_dht.ts";
import type { StorageHost, StorageService } from "../service.ts";
import { Collector } from "./collector.ts";
import { FileCache } from "./file_cache.ts";
import { readFile, readIndex } from "./reading.ts";
import { stageFile } from "./staging.ts";

/** Slices that are checked at once: each is in memory as a whole. */
const slicesMax = 2;
const verifyKeysMax = 512;
/** Control hears of a file that is being fetched once in so many bytes. */
const progressBytes = 1024 * 1024;

/** Serves files until it is closed. */
export class ArtifactService implements StorageService {
  readonly #dht: ArtifactDht;
  readonly #cache: FileCache;
  readonly #collector: Collector;
  readonly #control: StorageHost["lines"]["control"];
  #slices = 0;
  readonly #slicesWaiting: (() => void)[] = [];
  #uploadedBytes = 0;
  #downloadedBytes = 0;

  private constructor(host: StorageHost, dht: ArtifactDht, cache: FileCache) {
    this.#dht = dht;
    this.#cache = cache;
    this.#control = host.lines.control;
    this.#collector = new Collector(host, dht);
    const serve = <Topic extends keyof ArtifactTopics>(
      topic: Topic,
      handler: (
        ask: ArtifactTopics[Topic]["ask"],
      ) => Promise<ArtifactTopics[Topic]["answer"] | Transferred>,
    ) => {
      host.lines.control.handle(topic, handler);
      // For blobs of slices.
      host.lines.resources.handle(topic, handler);
    };
    serve("artifacts.upload", ({ stream, isSlice }) => this.#upload(stream, isSlice));
    serve("artifacts.read", async ({ record, range }) => {
      const stream = this.#counted(await readFile(dht.dht, record, range));
      return new Transferred(stream, [stream]);
    });
    serve("artifacts.bytes", async ({ record }) => await this.#bytes(record));
    serve("artifacts.verify", ({ record }) => this.#verify(record));
    serve("artifacts.collect", ({ indexes, dryRun }) => this.#collector.all(indexes, dryRun));
    serve("artifacts.usage", () => Promise.resolve(this.#usage()));
  }

  /** Opens the cache and answers from then on. */
  static async open(host: StorageHost, dht: ArtifactDht): Promise<ArtifactService> {
    const { node: { dataDir }, storage: { cacheBytes } } = host.config();
    const folder = dataDir === undefined ? undefined : join(dataDir, storageFolder, "cache");
    const cache = await FileCache.open({ folder, bytesMax: cacheBytes });
    return new ArtifactService(host, dht, cache);
  }

  async close(): Promise<void> {}

  async #upload(stream: ReadableStream<Uint8Array>, isSlice: boolean): Promise<StagedFile> {
    if (!isSlice) return await stageFile(stream, this.#dht.dht, (bytes) => this.#count(bytes));
    await this.#takeSlicePlace();
    try {
      const parts: Uint8Array[] = [];
      const staged = await stageFile(stream, this.#dht.dht, (bytes) => {
        this.#count(bytes);
        parts.push(bytes);
      });
      const { manifest, warnings } = await openSliceInTurns(concat(parts, staged.sizeBytes));
      return { ...staged, slice: { manifest, warnings } };
    } finally {
      this.#slices--;
      this.#slicesWaiting.shift()?.();
    }
  }

  async #takeSlicePlace(): Promise<void> {
    while (this.#slices >= slicesMax) {
      await new Promise<void>((resolve) => this.#slicesWaiting.push(resolve));
    }
    this.#slices++;
  }

  #count(bytes: Uint8Array): void {
    this.#uploadedBytes += bytes.length;
  }

  async #bytes(record: FileRecord): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#cache.get(record.sha256, () => this.#fetch(record));
  }

  async #fetch(record: FileRecord): Promise<Uint8Array<ArrayBuffer>> {
    const { sha256, sizeBytes } = record;
    const tell = (bytes: number, isOver = false) =>
      this.#control.tell(
        progressTopic,
        { sha256, bytes, sizeBytes, isOver } satisfies FileProgress,
      );
    const parts: Uint8Array[] = [];
    let [bytes, nextBytes] = [0, progressBytes];
    tell(bytes);
    try {
      for await (const part of this.#counted(await readFile(this.#dht.dht, record))) {
        parts.push(part);
        bytes += part.length;
        if (bytes < nextBytes) continue;
        nextBytes = bytes + progressBytes;
        tell(bytes);
      }
      return concat(parts, sizeBytes);
    } finally {
      tell(bytes, true);
    }
  }

  #counted(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    return stream.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>(
        {
          transform: (chunk, controller) => {
            this.#downloadedBytes += chunk.length;
            controller.enqueue(chunk);
          },
        },
        { highWaterMark: 1 },
        { highWaterMark: 0 },
      ),
    );
  }

  /** Asks every owner of every chunk for its copy, whose bytes it checks. */
  async #verify(record: FileRecord): Promise<FileState> {
    const chunks = [...new Set([record.index, ...await readIndex(this.#dht.dht, record)])];
    const places = chunks.map((key) => ({ key, owners: this.#dht.owners("chunks", key) }));
    const nodes = [...new Set(places.flatMap(({ owners }) => owners))];
    const found = new Map<string, Map<string, Holding>>();
    for (const node of nodes) {
      const keys = places.filter(({ owners }) => owners.includes(node)).map(({ key }) => key);
      const held = new Map<string, Holding>();
      for (let at = 0; at < keys.length; at += verifyKeysMax) {
        const page = keys.slice(at, at + verifyKeysMax);
        const states = await this.#dht.holdings(node, "chunks", page);
        page.forEach((key, i) => held.set(key, states[i] ?? "silent"));
      }
      found.set(node, held);
    }
    const states = places.map(({ key, owners }) => owners.map((node) => found.get(node)?.get(key)));
    const copies = states.map((held) => held.filter((state) => state === "present").length);
    const owners = Math.max(0, ...places.map((place) => place.owners.length));
    return {
      chunks: chunks.length,
      copies: Math.min(...copies),
      owners,
      underReplicated: copies.filter((count, i) => count < (states[i]?.length ?? 0)).length,
      missing: copies.filter((count) => count === 0).length,
      damaged: states.flat().filter((state) => state === "damaged").length,
    };
  }

  #usage(): ArtifactUsage {
    const { entries, tombstones, bytes, damaged } = this.#dht.store.usage("chunks");
    const { files, bytes: cachedBytes, hits, misses } = this.#cache.figures;
    return {
      chunks: entries - tombstones,
      bytes,
      damaged,
      cachedFiles: files,
      cachedBytes,
      cacheHits: hits,
      cacheMisses: misses,
      uploadedBytes: this.#uploadedBytes,
      downloadedBytes: this.#downloadedBytes,
    };
  }
}

function concat(parts: readonly Uint8Array[], sizeBytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(sizeBytes);
  let at = 0;
  for (const part of parts) {
    if (at + part.length > sizeBytes) break;
    whole.set(part, at);
    at += part.length;
  }
  if (at === sizeBytes) return whole;
  throw new AetherError("STORAGE_CORRUPT", `A file has other than ${sizeBytes} bytes`);
}
