/**
 * The replicated store's state machine: apply commands, read keys, write and read snapshots.
 *
 * Pure and deterministic: the same commands in the same order give the same bytes on every node. It
 * knows no log, no consensus and no clock; `node/control` drives it.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { ByteReader, ByteWriter, DecodeError } from "../base/codec.ts";
import { limits } from "../protocol/limits.ts";
import { keys, writerOf } from "../protocol/keys.ts";
import {
  type Applied,
  type Command,
  contentTypeBytesMax,
  type Operation,
} from "../protocol/store/command.ts";
import { Sessions } from "./sessions.ts";
import { SortedKeys } from "./sorted_keys.ts";

const snapshotVersion = 1;
const entryOverheadBytes = 64;
const entriesMax = 2 ** 31;
/** The control loop must go on in a full store; what it writes is bounded by the instances. */
const unlimitedPrefixes = [keys.assignment, keys.instance, keys.leader, keys.member].map((type) =>
  type.prefix
);

/** A stored value. */
export interface Entry {
  readonly value: Uint8Array;
  readonly contentType: string;
  /** Revision at which the key came into being. */
  readonly createRevision: number;
  /** Revision of the last write. */
  readonly revision: number;
}

/** One change that a command made. */
export interface StoreEvent {
  readonly key: string;
  /** The new entry; undefined when the key was deleted. */
  readonly entry: Entry | undefined;
  readonly previous: Entry | undefined;
}

/** All changes of one command. */
export interface StoreChange {
  readonly revision: number;
  readonly events: readonly StoreEvent[];
}

/** Limits of a store. */
export interface StoreOptions {
  /** Size above which nothing but the control loop may write what makes it grow. */
  readonly maxBytes: number;
}

/** The store's state. */
export class StoreState {
  readonly #options: StoreOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new SortedKeys();
  #sessions = new Sessions();
  #revision = 0;
  #bytes = 0;

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Number of the last change. */
  get revision(): number {
    return this.#revision;
  }

  /** Approximate size in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Incarnation of a node's newest session; a restarted node takes the next one. */
  incarnationOf(node: string): number {
    return this.#sessions.incarnationOf(node);
  }

  /** The entry of a key, or undefined. Its bytes must not be changed. */
  get(key: string): Entry | undefined {
    return this.#entries.get(key);
  }

  /** Keys with a prefix, greater than `after`, in order, at most `limit`. */
  list(prefix: string, after = "", limit: number = limits.listMax): string[] {
    return this.#keys.range(prefix, after, limit);
  }

  /** Every key with a prefix and its entry. */
  *entries(prefix: string): Generator<[string, Entry]> {
    for (const key of this.#keys.range(prefix, "", entriesMax)) {
      const entry = this.#entries.get(key);
      if (entry !== undefined) yield [key, entry];
    }
  }

  /**
   * Applies a command; answers what it did and the change, if any.
   *
   * A command whose number was applied before answers the same again and changes nothing.
   */
  apply(command: Command): { applied: Applied; change: StoreChange | undefined } {
    const known = this.#sessions.find(command);
    if (known !== undefined) return { applied: known, change: undefined };
    const { applied, change } = this.#execute(command);
    this.#sessions.remember(command, applied);
    return { applied, change };
  }

  #execute(command: Command): { applied: Applied; change: StoreChange | undefined } {
    const { compare, then, otherwise } = command.transaction;
    const succeeded = compare.every(({ key, revision }) =>
      (this.#entries.get(key)?.revision ?? 0) === revision
    );
    const operations = succeeded ? then : otherwise;
    const nothing = (outcome: Applied["outcome"]) => ({
      applied: { outcome, revision: this.#revision, succeeded, deleted: 0 },
      change: undefined,
    });
    if (operations.some(({ key }) => writerOf(key) !== command.writer)) {
      return nothing("forbidden");
    }
    const growth = this.#growth(operations);
    const isLimited = operations.some(({ key }) =>
      !unlimitedPrefixes.some((prefix) => key.startsWith(prefix))
    );
    if (isLimited && growth > 0 && this.#bytes + growth > this.#options.maxBytes) {
      return nothing("full");
    }
    const events: StoreEvent[] = [];
    const revision = this.#revision + 1;
    let deleted = 0;
    for (const operation of operations) {
      const event = this.#change(operation, revision);
      if (event === undefined) continue;
      if (event.entry === undefined) deleted++;
      events.push(event);
    }
    if (events.length === 0) return nothing(succeeded ? "done" : "refused");
    this.#revision = revision;
    return {
      applied: { outcome: succeeded ? "done" : "refused", revision, succeeded, deleted },
      change: { revision, events },
    };
  }

  #change(operation: Operation, revision: number): StoreEvent | undefined {
    const { key } = operation;
    const previous = this.#entries.get(key);
    if (operation.type === "delete") {
      if (previous === undefined) return undefined;
      this.#entries.delete(key);
      this.#keys.remove(key);
      this.#bytes -= entryBytes(key, previous);
      return { key, entry: undefined, previous };
    }
    const entry: Entry = Object.freeze({
      value: operation.value,
      contentType: operation.contentType,
      createRevision: previous?.createRevision ?? revision,
      revision,
    });
    this.#insert(key, entry, previous);
    return { key, entry, previous };
  }

  #insert(key: string, entry: Entry, previous: Entry | undefined): void {
    if (previous === undefined) this.#keys.add(key);
    else this.#bytes -= entryBytes(key, previous);
    this.#entries.set(key, entry);
    this.#bytes += entryBytes(key, entry);
  }

  /** Bytes that the operations add; of several on one key the last one counts. */
  #growth(operations: readonly Operation[]): number {
    let growth = 0;
    for (const operation of new Map(operations.map((each) => [each.key, each])).values()) {
      const previous = this.#entries.get(operation.key);
      if (previous !== undefined) growth -= entryBytes(operation.key, previous);
      if (operation.type === "put") growth += entryBytes(operation.key, operation);
    }
    return growth;
  }

  /** The whole state as bytes; equal states give equal bytes. */
  snapshot(): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter(65_536, 2 ** 31);
    writer.u8(snapshotVersion).varint(this.#revision).varint(this.#entries.size);
    for (const key of this.#keys.values()) {
      const entry = this.#entries.get(key);
      assert(entry !== undefined, `Key ${key} is listed but not stored`);
      writer.string(key).string(entry.contentType).bytes(entry.value)
        .varint(entry.createRevision).varint(entry.revision);
    }
    this.#sessions.write(writer);
    return writer.take();
  }

  /**
   * Replaces the whole state by a newer snapshot; answers what differs, as one change.
   *
   * @throws {DecodeError} when the bytes are not a snapshot of a known version.
   */
  replace(bytes: Uint8Array): StoreChange {
    const before = new Map(this.#entries);
    this.restore(bytes);
    const events: StoreEvent[] = [];
    for (const [key, previous] of before) {
      const entry = this.#entries.get(key);
      if (entry?.revision === previous.revision) continue;
      events.push({ key, entry, previous });
    }
    for (const [key, entry] of this.#entries) {
      if (!before.has(key)) events.push({ key, entry, previous: undefined });
    }
    return { revision: this.#revision, events };
  }

  /**
   * Replaces the whole state by a snapshot; a damaged one leaves the state as it was.
   *
   * @throws {DecodeError} when the bytes are not a snapshot of a known version.
   */
  restore(bytes: Uint8Array): void {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    if (version !== snapshotVersion) {
      throw new DecodeError(`Snapshot version ${version} is not known`, 0);
    }
    const revision = reader.varint();
    let last: string | undefined;
    const rows = reader.list(entriesMax, (from) => {
      const offset = from.offset;
      const key = from.string(limits.keyBytes);
      if (last !== undefined && key <= last) throw new DecodeError("Key is out of order", offset);
      last = key;
      return [key, readEntry(from, bytes.length)] as const;
    });
    const sessions = Sessions.read(reader);
    reader.end();
    this.#entries.clear();
    this.#keys.replace([]);
    this.#bytes = 0;
    this.#revision = revision;
    this.#sessions = sessions;
    for (const [key, entry] of rows) this.#insert(key, entry, undefined);
  }
}

function readEntry(reader: ByteReader, valueBytesMax: number): Entry {
  const contentType = reader.string(contentTypeBytesMax);
  const value = reader.bytes(valueBytesMax);
  const createRevision = reader.varint();
  return Object.freeze({ value, contentType, createRevision, revision: reader.varint() });
}

function entryBytes(key: string, entry: { value: Uint8Array; contentType: string }): number {
  return key.length + entry.value.length + entry.contentType.length + entryOverheadBytes;
}
