/**
 * Sweeps the cached values that this node holds: what is over goes, and of each cache what is more
 * than its limits, the oldest first.
 *
 * What goes leaves its version behind as the floor of its partition, so that a message that comes
 * late does not bring it back.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { bucketCount } from "../../dht/digest.ts";
import { partitionOf } from "../../dht/placement.ts";
import type { ListedEntry } from "../../protocol/dht/entry.ts";
import { partitionCount } from "../../protocol/dht/scope.ts";
import { compareVersions, type Version } from "../../protocol/dht/version.ts";
import {
  type CachedValue,
  type CacheHeld,
  decodeCached,
  isOver,
  prefixOf,
} from "../../protocol/storage/cache.ts";
import type { EntryStore } from "../dht/entry_store.ts";

/** Partitions that are looked at in one turn. */
const partitionsPerTurn = 32;
const pageMax = 512;
const counterMax = 65_535;
const allBuckets = Array.from({ length: bucketCount }, (_, bucket) => bucket);

interface Seen {
  readonly key: string;
  readonly version: Version;
  readonly bytes: number;
}

/** What is seen of one cache. */
interface SeenCache {
  readonly entries: Seen[];
  bytes: number;
  /** The limits that the newest value names. */
  newest: { readonly version: Version; readonly limits: CachedValue } | undefined;
}

/** See the module. */
export class CacheSweeper {
  readonly #store: Pick<EntryStore, "handle">;
  #held = new Map<string, CacheHeld>();

  constructor(store: Pick<EntryStore, "handle">) {
    this.#store = store;
  }

  /** What the last sweep left of a cache. */
  held(prefix: string): CacheHeld {
    return this.#held.get(prefix) ?? { entries: 0, bytes: 0, evicted: 0 };
  }

  /** Looks at everything, in turns. */
  async sweep(wallMs: number, isStopped: () => boolean = () => false): Promise<void> {
    const caches = new Map<string, SeenCache>();
    for (let first = 0; first < partitionCount; first += partitionsPerTurn) {
      if (isStopped()) return;
      for (let at = first; at < first + partitionsPerTurn; at++) this.#look(at, wallMs, caches);
      await setImmediate();
    }
    if (isStopped()) return;
    const held = new Map<string, CacheHeld>();
    for (const [prefix, cache] of caches) {
      const evicted = this.held(prefix).evicted + this.#trim(cache);
      held.set(prefix, { entries: cache.entries.length, bytes: cache.bytes, evicted });
    }
    this.#held = held;
  }

  #look(partition: number, wallMs: number, caches: Map<string, SeenCache>): void {
    for (let after = "";;) {
      const [reply] = this.#store.handle([{
        op: "list",
        scope: "cache",
        partition,
        buckets: allBuckets,
        after,
        limit: pageMax,
        tombstonesOnly: false,
      }]);
      if (reply?.op !== "list") return;
      const tombstones = reply.listed.filter(({ isTombstone }) => isTombstone);
      if (tombstones.length > 0) this.#collect(partition, tombstones);
      for (const each of reply.listed) if (!each.isTombstone) this.#see(each, wallMs, caches);
      if (reply.isLast) return;
      after = reply.listed.at(-1)?.key ?? "";
    }
  }

  #see({ key, version }: ListedEntry, wallMs: number, caches: Map<string, SeenCache>): void {
    const [reply] = this.#store.handle([{ op: "read", scope: "cache", key }]);
    const value = reply?.op === "read" ? reply.entry?.value : undefined;
    if (value === undefined) return;
    const cached = decodeCached(value);
    if (isOver(version, cached, wallMs)) {
      this.#remove({ key, version });
      return;
    }
    const prefix = prefixOf(key);
    const cache = caches.get(prefix) ?? { entries: [], bytes: 0, newest: undefined };
    caches.set(prefix, cache);
    const bytes = key.length - prefix.length + cached.value.length;
    cache.entries.push({ key, version, bytes });
    cache.bytes += bytes;
    if (cache.newest === undefined || compareVersions(cache.newest.version, version) < 0) {
      cache.newest = { version, limits: { ...cached, value: new Uint8Array() } };
    }
  }

  /** Answers how many values had to go. */
  #trim(cache: SeenCache): number {
    const { maxEntries = 0, maxBytes = 0 } = cache.newest?.limits ?? {};
    if (cache.entries.length <= maxEntries && cache.bytes <= maxBytes) return 0;
    // Oldest last, to be taken from the end.
    cache.entries.sort((a, b) => compareVersions(b.version, a.version));
    let evicted = 0;
    while (cache.entries.length > maxEntries || cache.bytes > maxBytes) {
      const oldest = cache.entries.pop();
      if (oldest === undefined) break;
      cache.bytes -= oldest.bytes;
      this.#remove(oldest);
      evicted++;
    }
    return evicted;
  }

  #remove({ key, version }: Pick<ListedEntry, "key" | "version">): void {
    const { timeMs, counter, writer } = version;
    const next = counter < counterMax
      ? { timeMs, counter: counter + 1, writer }
      : { timeMs: timeMs + 1, counter: 0, writer };
    const entry = { version: next, value: undefined };
    const [reply] = this.#store.handle([{ op: "merge", scope: "cache", key, entry, by: "write" }]);
    // It was written again meanwhile.
    if (reply?.op !== "merge" || reply.superseded !== undefined) return;
    this.#collect(partitionOf(key), [{ key, version: next, isTombstone: true }]);
  }

  #collect(partition: number, tombstones: readonly ListedEntry[]): void {
    this.#store.handle([{ op: "collect", scope: "cache", partition, tombstones }]);
  }
}
