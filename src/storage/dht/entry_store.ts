/**
 * What the storage thread needs of a place for entries of the DHT; in memory or on disk.
 *
 * `memory_store.ts` and `disk_store.ts` pass one conformance suite, `entry_store_test.ts`.
 *
 * @module
 */
import type { StorageReply, StorageRequest } from "../../dht/types.ts";
import type { ScopeName } from "../../protocol/dht/scope.ts";

/** An entry whose bytes are not what was written. */
export interface DamagedEntry {
  readonly scope: ScopeName;
  readonly key: string;
}

/** What a scope takes here. */
export interface ScopeUsage {
  readonly entries: number;
  readonly tombstones: number;
  readonly damaged: number;
  /** Bytes of the values. */
  readonly bytes: number;
}

/** Entries of one node. */
export interface EntryStore {
  /** Random, made when the store was: a store that was lost comes back under another name. */
  readonly name: string;
  /** The greatest revision of a view that was adopted with it. */
  readonly revision: number;
  /** Does what is asked for, all durable when it returns; replies in the order of requests. */
  handle(requests: readonly StorageRequest[]): StorageReply[];
  usage(scope: ScopeName): ScopeUsage;
  /** Called for each entry that is found damaged, once. */
  onDamaged: (entry: DamagedEntry) => void;
  /**
   * Checks entries, about so many bytes of them, and goes on there with the next call.
   *
   * @returns true when the last entry was reached; the next call begins anew.
   */
  scrub(bytes: number): boolean;
  close(): void;
}
