/**
 * A storage in memory: what every storage of the DHT has to do, in its simplest form.
 *
 * Used by nodes without a data directory and by the simulator. With a byte limit, writes that do
 * not fit are refused as `full`; entries of scopes that may be lost make room for new ones first.
 *
 * @module
 */
import type { Entry, ListedEntry } from "../protocol/dht/entry.ts";
import { dhtScopes, type ScopeName, scopeNames } from "../protocol/dht/scope.ts";
import { compareVersions, newerVersion, type Version } from "../protocol/dht/version.ts";
import { BucketDigests, bucketOf } from "./digest.ts";
import { partitionOf } from "./placement.ts";
import type { PartitionState, StorageReply, StorageRequest } from "./types.ts";

/** Bytes that an entry takes besides its key and value, roughly. */
const overheadBytes = 100;

interface Partition {
  readonly entries: Map<string, Entry>;
  readonly damaged: Map<string, Version>;
  readonly digests: BucketDigests;
  floor: Version | undefined;
  bytes: number;
  tombstones: number;
}

/** Entries in memory. */
export class MemoryStorage {
  readonly #bytesMax: number;
  readonly #scopes = new Map(scopeNames.map((scope) => [scope, new Map<number, Partition>()]));
  #revision = 0;
  #bytes = 0;

  /** @param bytesMax bytes that all entries may take together */
  constructor(bytesMax = Infinity) {
    this.#bytesMax = bytesMax;
  }

  /** The greatest revision that was adopted. */
  get revision(): number {
    return this.#revision;
  }

  /** Bytes that all entries take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Does what is asked for, at once. */
  handle(request: StorageRequest): StorageReply {
    switch (request.op) {
      case "read":
        return this.#read(request.scope, request.key);
      case "merge":
        return this.#merge(request);
      case "digests": {
        const states = request.partitions.map((partition) => this.state(request.scope, partition));
        return { op: "digests", states };
      }
      case "list":
        return this.#list(request);
      case "collect":
        return this.#collect(request);
      case "drop":
        this.#drop(request.scope, request.partition);
        return { op: "drop" };
      case "adopt":
        this.#revision = Math.max(this.#revision, request.revision);
        return { op: "adopt" };
    }
  }

  /** What a partition holds, in short. */
  state(scope: ScopeName, partition: number): PartitionState {
    const found = this.#scopes.get(scope)?.get(partition) ?? nothing;
    const { entries, damaged, digests, tombstones, bytes } = found;
    const buckets = digests.texts();
    const { size } = entries;
    return { partition, buckets, entries: size, tombstones, damaged: damaged.size, bytes };
  }

  /** Entries of a scope that cannot be read. */
  damagedIn(scope: ScopeName): number {
    let damaged = 0;
    for (const partition of this.#scopes.get(scope)?.values() ?? []) {
      damaged += partition.damaged.size;
    }
    return damaged;
  }

  /** Every readable entry of a scope with its key. */
  *entries(scope: ScopeName): Generator<readonly [key: string, entry: Entry]> {
    for (const { entries } of this.#scopes.get(scope)?.values() ?? []) yield* entries;
  }

  /** Makes an entry unreadable, as a bad disk would; false without such an entry. */
  damage(scope: ScopeName, key: string): boolean {
    const partition = this.#partition(scope, key);
    const entry = partition.entries.get(key);
    if (entry === undefined) return false;
    this.#remove(partition, key, entry);
    partition.damaged.set(key, entry.version);
    return true;
  }

  #read(scope: ScopeName, key: string): StorageReply {
    const { entries, damaged } = this.#partition(scope, key);
    if (damaged.has(key)) return { op: "failed", cause: "corrupt" };
    return { op: "read", entry: entries.get(key) };
  }

  #merge({ scope, key, entry, by }: Extract<StorageRequest, { op: "merge" }>): StorageReply {
    const partition = this.#partition(scope, key);
    const { entries, damaged, floor } = partition;
    const old = entries.get(key);
    const lost = damaged.get(key);
    const known = old?.version ?? lost;
    if (known !== undefined) {
      const order = compareVersions(known, entry.version);
      if (order > 0) return { op: "merge", superseded: known };
      if (order === 0 && lost === undefined) return { op: "merge", superseded: undefined };
    } else if (by === "write" && floor !== undefined) {
      if (compareVersions(entry.version, floor) <= 0) return { op: "merge", superseded: floor };
    }
    const added = bytesOf(key, entry) - (old === undefined ? 0 : bytesOf(key, old));
    if (added > 0 && this.#bytes + added > this.#bytesMax) {
      this.#makeRoom(added);
      if (this.#bytes + added > this.#bytesMax) return { op: "failed", cause: "full" };
    }
    const present = entries.get(key);
    if (present !== undefined) this.#remove(partition, key, present);
    damaged.delete(key);
    this.#insert(partition, key, entry);
    return { op: "merge", superseded: undefined };
  }

  /** Removes entries that may be lost, oldest first. */
  #makeRoom(bytes: number): void {
    for (const [scope, partitions] of this.#scopes) {
      if (dhtScopes[scope].kind !== "cache") continue;
      for (const partition of partitions.values()) {
        for (const [key, entry] of partition.entries) {
          if (this.#bytes + bytes <= this.#bytesMax) return;
          this.#remove(partition, key, entry);
        }
      }
    }
  }

  #list(request: Extract<StorageRequest, { op: "list" }>): StorageReply {
    const { scope, partition, buckets, after, limit, tombstonesOnly } = request;
    const found = this.#scopes.get(scope)?.get(partition);
    const listed: ListedEntry[] = [];
    for (const [key, { version, value }] of found?.entries ?? []) {
      if (key <= after || tombstonesOnly && value !== undefined) continue;
      if (buckets.includes(bucketOf(key))) {
        listed.push({ key, version, isTombstone: value === undefined });
      }
    }
    listed.sort((a, b) => a.key < b.key ? -1 : 1);
    return { op: "list", listed: listed.slice(0, limit), isLast: listed.length <= limit };
  }

  #collect(request: Extract<StorageRequest, { op: "collect" }>): StorageReply {
    const partition = this.#scopes.get(request.scope)?.get(request.partition);
    if (partition === undefined) return { op: "collect" };
    for (const { key, version } of request.tombstones) {
      partition.floor = newerVersion(partition.floor, version);
      const entry = partition.entries.get(key);
      if (entry === undefined || entry.value !== undefined) continue;
      if (compareVersions(entry.version, version) === 0) this.#remove(partition, key, entry);
    }
    return { op: "collect" };
  }

  #drop(scope: ScopeName, partition: number): void {
    const partitions = this.#scopes.get(scope);
    this.#bytes -= partitions?.get(partition)?.bytes ?? 0;
    partitions?.delete(partition);
  }

  #insert(partition: Partition, key: string, entry: Entry): void {
    partition.entries.set(key, entry);
    partition.digests.toggle(key, entry.version);
    this.#count(partition, bytesOf(key, entry), entry.value === undefined ? 1 : 0);
  }

  #remove(partition: Partition, key: string, entry: Entry): void {
    partition.entries.delete(key);
    partition.digests.toggle(key, entry.version);
    this.#count(partition, -bytesOf(key, entry), entry.value === undefined ? -1 : 0);
  }

  #count(partition: Partition, bytes: number, tombstones: number): void {
    partition.bytes += bytes;
    partition.tombstones += tombstones;
    this.#bytes += bytes;
  }

  #partition(scope: ScopeName, key: string): Partition {
    const number = partitionOf(key);
    const partitions = this.#scopes.get(scope);
    const partition = partitions?.get(number) ?? newPartition();
    partitions?.set(number, partition);
    return partition;
  }
}

const nothing: Readonly<Partition> = newPartition();

function newPartition(): Partition {
  return {
    entries: new Map(),
    damaged: new Map(),
    digests: new BucketDigests(),
    floor: undefined,
    bytes: 0,
    tombstones: 0,
  };
}

function bytesOf(key: string, { value }: Entry): number {
  return key.length + (value?.length ?? 0) + overheadBytes;
}
