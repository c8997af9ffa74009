import { openSliceInTurns, packSlice, sha256 } from "../../artifact/package.ts";
import { ManualClock } from "../../base/clock.ts";
import { MemoryStorage } from "../../base/storage.ts";
import { makeManifest, type ManifestOptions } from "../../deployment/manifest_fixture_test.ts";
import { parseCoordinates, repositoryPath } from "../../protocol/coordinates.ts";
import type { ArtifactTopics } from "../../protocol/storage/artifacts.ts";
import { readFile } from "../../storage/artifacts/reading.ts";
import { stageFile } from "../../storage/artifacts/staging.ts";
import { FormerArtifacts } from "../artifacts/former.ts";
import { Repository } from "../artifacts/repository.ts";
import { Asks } from "../cluster/asks.ts";
import { SliceCatalog } from "./catalog.ts";
import type { MemoryStore } from "./store_fixture_test.ts";

/** A slice file without sensible code. */
export function packed(artifact: string, options: ManifestOptions & { code?: string } = {}) {
  const module = new TextEncoder().encode(options.code ?? `export default "${artifact}";\n`);
  const manifest = { ...makeManifest(artifact, options), envelope: 1, sha256: sha256(module) };
  return {
    path: repositoryPath(parseCoordinates(artifact)),
    bytes: packSlice({ manifest, module }),
    module,
  };
}

/** Chunks by name, as the DHT would hold them. */
export class MapDht {
  readonly chunks = new Map<string, Uint8Array>();

  put(_scope: string, key: string, value: Uint8Array) {
    this.chunks.set(key, value.slice());
    return Promise.resolve({ copies: 1, owners: 1 });
  }

  get(_scope: string, key: string) {
    return Promise.resolve(this.chunks.get(key));
  }

  remove(_scope: string, key: string) {
    this.chunks.delete(key);
    return Promise.resolve();
  }
}

/** The storage thread as control asks it, in this thread. */
function storageOf(dht: MapDht) {
  const handlers: Partial<
    { [T in keyof ArtifactTopics]: (ask: ArtifactTopics[T]["ask"]) => unknown }
  > = {
    "artifacts.upload": async ({ stream, isSlice }) => {
      const parts: Uint8Array[] = [];
      const staged = await stageFile(stream, dht, (bytes) => parts.push(bytes.slice()));
      if (!isSlice) return staged;
      const bytes = await new Blob(parts as BlobPart[]).bytes();
      const { manifest, warnings } = await openSliceInTurns(bytes);
      return { ...staged, slice: { manifest, warnings } };
    },
    "artifacts.read": ({ record, range }) => readFile(dht, record, range),
    "artifacts.bytes": async ({ record }) =>
      await new Response(await readFile(dht, record)).bytes(),
    "artifacts.collect": ({ indexes, dryRun }) => ({
      chunks: indexes.length,
      bytes: dryRun ? 1 : 0,
      silent: [],
    }),
  };
  return {
    ask: async (topic: string, body: unknown) =>
      // deno-lint-ignore no-explicit-any -- the topic says the type
      await (handlers as any)[topic](body),
    guard: <Chunk>(stream: ReadableStream<Chunk>) => stream,
  };
}

/** What a node has of artifacts. */
export interface NodeParts {
  readonly catalog: SliceCatalog;
  readonly repository: Repository;
  readonly former: FormerArtifacts;
}

/** Catalogs of nodes that share a store, hold chunks together and have links to each other. */
export class Network {
  readonly clock = new ManualClock();
  readonly dht = new MapDht();
  readonly storages = new Map<string, MemoryStorage>();
  readonly dead = new Set<string>();
  /** Questions that were asked, as `from > to`. */
  readonly asked: string[] = [];
  readonly #asks = new Map<string, Asks>();
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  async add(node: string, storage = new MemoryStorage()): Promise<NodeParts> {
    const asks = new Asks({
      clock: this.clock,
      answerBytesMax: 100_000_000,
      send: (to, frame) => {
        const other = this.#asks.get(to);
        if (other === undefined || this.dead.has(to)) return false;
        if (frame.kind === "ask") this.asked.push(`${node} > ${to}`);
        // As on a wire, the bytes arrive as a copy.
        other.receive(node, structuredClone(frame));
        return true;
      },
      queuedBytes: () => 0,
    });
    const isAlive = (other: string) => !this.dead.has(other);
    const former = await FormerArtifacts.open({ node, storage, asks, isAlive });
    const store = Object.assign(this.#store, { readBarrier: () => Promise.resolve() });
    const repository = new Repository({
      node,
      store,
      storage: storageOf(this.dht),
      wallMs: () => this.clock.wallMs(),
    });
    const catalog = new SliceCatalog({ repository, former, store });
    this.storages.set(node, storage);
    this.#asks.set(node, asks);
    return { catalog, repository, former };
  }
}

/** Bytes as a stream. */
export function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream();
}
