/**
 * Entries of the DHT on disk: one SQLite database, a checksum beside each entry.
 *
 * Requests of one turn are one transaction, synced once. What does not fit on the disk is refused,
 * and reads go on. An entry whose checksum is wrong counts as damaged until a newer or the same
 * version replaces it; it is never answered as absent. Digests of partitions are kept in memory and
 * made anew when the store is opened. Entries of scopes that may be lost stay in memory.
 * ADR 0010 says why it is SQLite.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { BucketDigests, bucketOf } from "../../dht/digest.ts";
import { MemoryStorage } from "../../dht/memory_storage.ts";
import { partitionOf } from "../../dht/placement.ts";
import type { PartitionState, StorageReply, StorageRequest } from "../../dht/types.ts";
import type { Entry } from "../../protocol/dht/entry.ts";
import { dhtScopes, type ScopeName, scopeNames } from "../../protocol/dht/scope.ts";
import { compareVersions, newerVersion, type Version } from "../../protocol/dht/version.ts";
import { causeOf, entryChecksum, openDatabase } from "./database.ts";
import type { DamagedEntry, EntryStore, ScopeUsage } from "./entry_store.ts";

/** Options of {@link DiskStore.open}. */
export interface DiskStoreOptions {
  /** Path of the database. */
  readonly path: string;
  /** Name for a new store. */
  readonly name: string;
  /** Bytes of values that may be stored. */
  readonly bytesMax: number;
  /** Bytes in memory of scopes that may be lost. */
  readonly cacheBytesMax: number;
}

interface Row {
  readonly key: string;
  readonly time: number;
  readonly counter: number;
  readonly writer: string;
  readonly bytes: number;
  readonly checksum: number;
  readonly body: number | null;
  readonly value: Uint8Array | null;
}

/** Figures and digests of one partition. */
class Partition {
  readonly digests = new BucketDigests();
  readonly damaged = new Map<string, Version>();
  entries = 0;
  tombstones = 0;
  bytes = 0;

  add(row: Pick<Row, "key" | "bytes" | "body">, version: Version, sign: 1 | -1): void {
    this.digests.toggle(row.key, version);
    this.entries += sign;
    this.bytes += sign * row.bytes;
    if (row.body === null) this.tombstones += sign;
  }
}

type Merge = Extract<StorageRequest, { op: "merge" }>;

/** Entries in a database file; one owner. */
export class DiskStore implements EntryStore {
  readonly name: string;
  onDamaged: (entry: DamagedEntry) => void = () => {};
  readonly #db: DatabaseSync;
  readonly #sql: ReturnType<typeof statements>;
  readonly #bytesMax: number;
  readonly #cache: MemoryStorage;
  readonly #partitions = new Map<string, Partition>();
  /** What memory has to follow when the transaction is on disk. */
  #effects: (() => void)[] = [];
  #revision: number;
  #bytes = 0;
  #scrubbed: { scope: number; partition: number; key: string } = { ...scrubStart };

  private constructor(db: DatabaseSync, options: DiskStoreOptions) {
    this.#db = db;
    this.#sql = statements(db);
    this.#bytesMax = options.bytesMax;
    this.#cache = new MemoryStorage(options.cacheBytesMax);
    this.#sql.initMeta.run("name", options.name);
    this.#sql.initMeta.run("revision", "0");
    this.name = this.#meta("name");
    this.#revision = Number(this.#meta("revision"));
    for (const row of this.#sql.all.iterate() as Iterable<Row & { scope: number }>) {
      const scope = scopeNames[row.scope];
      if (scope === undefined) continue;
      this.#partition(scope, partitionOf(row.key)).add(row, versionOf(row), 1);
      this.#bytes += row.bytes;
    }
  }

  /**
   * Opens a store, or makes one.
   *
   * @throws {AetherError} STORAGE_CORRUPT when the file is no database, STORAGE_FAILED.
   */
  static open(options: DiskStoreOptions): DiskStore {
    return new DiskStore(openDatabase(options.path, schema), options);
  }

  get revision(): number {
    return this.#revision;
  }

  handle(requests: readonly StorageRequest[]): StorageReply[] {
    if (requests.length === 0) return [];
    this.#effects = [];
    try {
      this.#db.exec("BEGIN");
      const replies = requests.map((request) => this.#handle(request));
      this.#db.exec("COMMIT");
      for (const effect of this.#effects) effect();
      return replies;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      if (requests.length > 1) return requests.flatMap((request) => this.handle([request]));
      return [{ op: "failed", cause: causeOf(error) }];
    }
  }

  usage(scope: ScopeName): ScopeUsage {
    const sum = { entries: 0, tombstones: 0, damaged: 0, bytes: 0 };
    for (const [name, partition] of this.#partitions) {
      if (!name.startsWith(`${scope}/`)) continue;
      sum.entries += partition.entries;
      sum.tombstones += partition.tombstones;
      sum.damaged += partition.damaged.size;
      sum.bytes += partition.bytes;
    }
    return sum;
  }

  scrub(bytes: number): boolean {
    for (let left = bytes; left > 0;) {
      const { scope, partition, key } = this.#scrubbed;
      const rows = this.#sql.scrub.all(scope, scope, partition, partition, key);
      for (const row of rows as unknown as (Row & { scope: number; partition: number })[]) {
        this.#scrubbed = { scope: row.scope, partition: row.partition, key: row.key };
        const name = scopeNames[row.scope];
        if (name !== undefined) this.#checked(name, row);
        left -= row.bytes + scrubRowBytes;
      }
      if (rows.length < scrubRows) {
        this.#scrubbed = { ...scrubStart };
        return true;
      }
    }
    return false;
  }

  close(): void {
    this.#db.close();
  }

  #handle(request: StorageRequest): StorageReply {
    if ("scope" in request && dhtScopes[request.scope].kind === "cache") {
      return this.#cache.handle(request);
    }
    switch (request.op) {
      case "read":
        return this.#read(request.scope, request.key);
      case "merge":
        return this.#merge(request);
      case "digests": {
        const states = request.partitions.map((each) => this.#state(request.scope, each));
        return { op: "digests", states };
      }
      case "list":
        return this.#list(request);
      case "collect":
        return this.#collect(request);
      case "drop":
        return this.#drop(request.scope, request.partition);
      case "adopt": {
        const revision = Math.max(this.#revision, request.revision);
        this.#sql.setMeta.run(String(revision), "revision");
        this.#effects.push(() => this.#revision = revision);
        return { op: "adopt" };
      }
    }
  }

  #read(scope: ScopeName, key: string): StorageReply {
    if (this.#partition(scope, partitionOf(key)).damaged.has(key)) return corrupt;
    const row = this.#row(scope, key);
    if (row === undefined) return { op: "read", entry: undefined };
    const entry = this.#checked(scope, row);
    return entry === undefined ? corrupt : { op: "read", entry };
  }

  #merge({ scope, key, entry, by }: Merge): StorageReply {
    const at = partitionOf(key);
    const partition = this.#partition(scope, at);
    const old = this.#row(scope, key);
    const isDamaged = partition.damaged.has(key);
    const known = old && versionOf(old);
    if (known !== undefined) {
      const order = compareVersions(known, entry.version);
      if (order > 0) return { op: "merge", superseded: known };
      if (order === 0 && !isDamaged) return { op: "merge", superseded: undefined };
    } else if (by === "write") {
      const floor = this.#floor(scope, at);
      if (floor !== undefined && compareVersions(entry.version, floor) <= 0) {
        return { op: "merge", superseded: floor };
      }
    }
    const added = (entry.value?.length ?? 0) - (old?.bytes ?? 0);
    // A tombstone always has room: it is how room is made.
    if (added > 0 && this.#bytes + added > this.#bytesMax) return { op: "failed", cause: "full" };
    if (old !== undefined) this.#remove(scope, partition, old);
    this.#insert(scope, partition, key, entry);
    this.#effects.push(() => partition.damaged.delete(key));
    return { op: "merge", superseded: undefined };
  }

  #insert(scope: ScopeName, partition: Partition, key: string, entry: Entry): void {
    const { version, value } = entry;
    const body = value === undefined
      ? null
      : Number(this.#sql.insertBody.run(value).lastInsertRowid);
    const bytes = value?.length ?? 0;
    const { timeMs, counter, writer } = version;
    const checksum = entryChecksum(scopeNames.indexOf(scope), key, entry);
    const place = [scopeNames.indexOf(scope), partitionOf(key), key] as const;
    this.#sql.insert.run(...place, timeMs, counter, writer, bytes, checksum, body);
    this.#effects.push(() => {
      partition.add({ key, bytes, body }, version, 1);
      this.#bytes += bytes;
    });
  }

  #remove(scope: ScopeName, partition: Partition, row: Row): void {
    if (row.body !== null) this.#sql.deleteBody.run(row.body);
    this.#sql.delete.run(scopeNames.indexOf(scope), partitionOf(row.key), row.key);
    this.#effects.push(() => {
      // A damaged entry is not among the digests.
      if (!partition.damaged.has(row.key)) partition.add(row, versionOf(row), -1);
      this.#bytes -= row.bytes;
    });
  }

  #state(scope: ScopeName, partition: number): PartitionState {
    const found = this.#partitions.get(`${scope}/${partition}`) ?? new Partition();
    const { entries, tombstones, damaged, bytes, digests } = found;
    const buckets = digests.texts();
    return { partition, buckets, entries, tombstones, damaged: damaged.size, bytes };
  }

  #list(request: Extract<StorageRequest, { op: "list" }>): StorageReply {
    const { scope, partition, buckets, after, limit, tombstonesOnly } = request;
    const { damaged } = this.#partition(scope, partition);
    const wanted = new Set(buckets);
    const rows = this.#sql.list.all(scopeNames.indexOf(scope), partition) as unknown as Row[];
    // The database orders by UTF-8, the DHT by UTF-16.
    const listed = rows
      .filter(({ key, body }) =>
        key > after && !damaged.has(key) && wanted.has(bucketOf(key)) &&
        (!tombstonesOnly || body === null)
      )
      .sort((a, b) => a.key < b.key ? -1 : 1)
      .map((row) => ({
        key: row.key,
        version: versionOf(row),
        isTombstone: row.body === null,
      }));
    return { op: "list", listed: listed.slice(0, limit), isLast: listed.length <= limit };
  }

  #collect(request: Extract<StorageRequest, { op: "collect" }>): StorageReply {
    const { scope, partition, tombstones } = request;
    let floor = this.#floor(scope, partition);
    for (const { key, version } of tombstones) {
      floor = newerVersion(floor, version);
      const row = this.#row(scope, key);
      if (row === undefined || row.body !== null) continue;
      if (compareVersions(versionOf(row), version) !== 0) continue;
      this.#remove(scope, this.#partition(scope, partition), row);
    }
    if (floor !== undefined) {
      const { timeMs, counter, writer } = floor;
      this.#sql.setFloor.run(scopeNames.indexOf(scope), partition, timeMs, counter, writer);
    }
    return { op: "collect" };
  }

  #drop(scope: ScopeName, partition: number): StorageReply {
    const place = [scopeNames.indexOf(scope), partition] as const;
    this.#sql.dropBodies.run(...place);
    this.#sql.drop.run(...place);
    this.#sql.dropFloor.run(...place);
    this.#effects.push(() => {
      const name = `${scope}/${partition}`;
      this.#bytes -= this.#partitions.get(name)?.bytes ?? 0;
      this.#partitions.delete(name);
    });
    return { op: "drop" };
  }

  /** The entry of a row if its bytes are what was written; else it is damaged from now on. */
  #checked(scope: ScopeName, row: Row): Entry | undefined {
    const version = versionOf(row);
    const entry = { version, value: row.value ?? undefined };
    const isWhole = row.value === null === (row.body === null) &&
      entryChecksum(scopeNames.indexOf(scope), row.key, entry) === row.checksum;
    if (isWhole) return entry;
    const partition = this.#partition(scope, partitionOf(row.key));
    if (partition.damaged.has(row.key)) return undefined;
    partition.damaged.set(row.key, version);
    partition.add(row, version, -1);
    this.onDamaged({ scope, key: row.key });
    return undefined;
  }

  #row(scope: ScopeName, key: string): Row | undefined {
    const place = [scopeNames.indexOf(scope), partitionOf(key), key] as const;
    return this.#sql.get.get(...place) as unknown as Row | undefined;
  }

  #floor(scope: ScopeName, partition: number): Version | undefined {
    const row = this.#sql.floor.get(scopeNames.indexOf(scope), partition);
    return row === undefined ? undefined : versionOf(row as unknown as Row);
  }

  #partition(scope: ScopeName, partition: number): Partition {
    const name = `${scope}/${partition}`;
    let found = this.#partitions.get(name);
    if (found === undefined) this.#partitions.set(name, found = new Partition());
    return found;
  }

  #meta(name: string): string {
    return (this.#sql.getMeta.get(name) as { value: string }).value;
  }
}

const corrupt: StorageReply = { op: "failed", cause: "corrupt" };
/** Rows that are read at once, and what one costs besides its value. */
const scrubRows = 16;
const scrubRowBytes = 100;
const scrubStart = { scope: -1, partition: -1, key: "" };

function versionOf({ time, counter, writer }: Pick<Row, "time" | "counter" | "writer">): Version {
  return { timeMs: time, counter, writer };
}

const schema = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS body (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS entry (
  scope INTEGER NOT NULL, part INTEGER NOT NULL, key TEXT NOT NULL,
  time INTEGER NOT NULL, counter INTEGER NOT NULL, writer TEXT NOT NULL,
  bytes INTEGER NOT NULL, checksum INTEGER NOT NULL, body INTEGER,
  PRIMARY KEY (scope, part, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS floor (
  scope INTEGER NOT NULL, part INTEGER NOT NULL,
  time INTEGER NOT NULL, counter INTEGER NOT NULL, writer TEXT NOT NULL,
  PRIMARY KEY (scope, part)
) WITHOUT ROWID;
`;

function statements(db: DatabaseSync) {
  const columns = "key, time, counter, writer, bytes, checksum, body";
  const whole = `entry.scope AS scope, part AS partition, ${columns}, body.value AS value ` +
    "FROM entry LEFT JOIN body ON body.id = entry.body";
  return {
    initMeta: db.prepare("INSERT OR IGNORE INTO meta VALUES (?, ?)"),
    getMeta: db.prepare("SELECT value FROM meta WHERE name = ?"),
    setMeta: db.prepare("UPDATE meta SET value = ? WHERE name = ?"),
    all: db.prepare(`SELECT scope, ${columns} FROM entry`),
    get: db.prepare(`SELECT ${whole} WHERE scope = ? AND part = ? AND key = ?`),
    list: db.prepare(`SELECT ${columns} FROM entry WHERE scope = ? AND part = ?`),
    scrub: db.prepare(
      `SELECT ${whole} WHERE scope > ? OR scope = ? AND (part > ? OR part = ? AND key > ?) ` +
        `ORDER BY scope, part, key LIMIT ${scrubRows}`,
    ),
    insertBody: db.prepare("INSERT INTO body (value) VALUES (?)"),
    insert: db.prepare("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    deleteBody: db.prepare("DELETE FROM body WHERE id = ?"),
    delete: db.prepare("DELETE FROM entry WHERE scope = ? AND part = ? AND key = ?"),
    floor: db.prepare("SELECT time, counter, writer FROM floor WHERE scope = ? AND part = ?"),
    setFloor: db.prepare("INSERT OR REPLACE INTO floor VALUES (?, ?, ?, ?, ?)"),
    dropBodies: db.prepare(
      "DELETE FROM body WHERE id IN (SELECT body FROM entry WHERE scope = ? AND part = ?)",
    ),
    drop: db.prepare("DELETE FROM entry WHERE scope = ? AND part = ?"),
    dropFloor: db.prepare("DELETE FROM floor WHERE scope = ? AND part = ?"),
  };
}
