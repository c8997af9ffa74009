/**
 * Entries of the DHT in memory, for nodes without a data directory: a byte limit and no disk.
 *
 * @module
 */
import { MemoryStorage } from "../../dht/memory_storage.ts";
import type { StorageReply, StorageRequest } from "../../dht/types.ts";
import { partitionCount, type ScopeName } from "../../protocol/dht/scope.ts";
import type { DamagedEntry, EntryStore, ScopeUsage } from "./entry_store.ts";

/** Entries in memory; lost with the thread. */
export class MemoryStore implements EntryStore {
  readonly name: string;
  onDamaged: (entry: DamagedEntry) => void = () => {};
  readonly #storage: MemoryStorage;

  constructor(options: { readonly name: string; readonly bytesMax: number }) {
    this.name = options.name;
    this.#storage = new MemoryStorage(options.bytesMax);
  }

  get revision(): number {
    return this.#storage.revision;
  }

  handle(requests: readonly StorageRequest[]): StorageReply[] {
    return requests.map((request) => this.#storage.handle(request));
  }

  usage(scope: ScopeName): ScopeUsage {
    const sum = { entries: 0, tombstones: 0, damaged: 0, bytes: 0 };
    for (let partition = 0; partition < partitionCount; partition++) {
      const state = this.#storage.state(scope, partition);
      sum.entries += state.entries;
      sum.tombstones += state.tombstones;
      sum.damaged += state.damaged;
      sum.bytes += state.bytes;
    }
    return sum;
  }

  /** Memory does not rot in a way that could be seen here. */
  scrub(): boolean {
    return true;
  }

  close(): void {}
}
