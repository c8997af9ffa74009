import { packSlice, sha256 } from "../../artifact/package.ts";
import { ArtifactRepository } from "../../artifact/repository.ts";
import { ManualClock } from "../../base/clock.ts";
import { MemoryStorage } from "../../base/storage.ts";
import { makeManifest, type ManifestOptions } from "../../deployment/manifest_fixture_test.ts";
import { parseCoordinates, repositoryPath } from "../../protocol/coordinates.ts";
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

/** Catalogs of nodes that share a store and have links to each other. */
export class Network {
  readonly clock = new ManualClock();
  readonly storages = new Map<string, MemoryStorage>();
  readonly catalogs = new Map<string, SliceCatalog>();
  readonly dead = new Set<string>();
  /** Questions that were asked, as `from > to`. */
  readonly asked: string[] = [];
  readonly #asks = new Map<string, Asks>();
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  async add(node: string): Promise<SliceCatalog> {
    const storage = new MemoryStorage();
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
    const catalog = new SliceCatalog({
      node,
      repository: await ArtifactRepository.open(storage),
      store: this.#store,
      asks,
      isAlive: (other) => !this.dead.has(other),
    });
    this.storages.set(node, storage);
    this.#asks.set(node, asks);
    this.catalogs.set(node, catalog);
    return catalog;
  }
}
