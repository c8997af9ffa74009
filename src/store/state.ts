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
import { isChosenKey, writerOf } from "../protocol/keys.ts";
import {
  type Applied,
  type Command,
  type Compare,
  contentTypeBytesMax,
  type KeyOperation,
  type Operation,
  type Writer,
} from "../protocol/store/command.ts";
import { areLegal, isGuarded, isLimited, isOfLeader, isPlainWrite, verdictOf } from "./guards.ts";
import { IdempotentAnswers } from "./idempotency.ts";
import { Leases } from "./leases.ts";
import { Sessions } from "./sessions.ts";
import { SortedKeys } from "./sorted_keys.ts";

/** Entries and sessions only: what 0.1 wrote, and a store in which nothing ever expires. */
const plainVersion = 1;
/** With log time, leases and idempotent answers. */
const fullVersion = 2;
const entryOverheadBytes = 64;
const entriesMax = 2 ** 31;
type Author = { readonly writer: Writer; readonly byLeader: boolean };
/** Why an operation is not done. */
type Objection = "forbidden" | "noLease" | "full" | "illegal";

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
  #leases = new Leases();
  #answers = new IdempotentAnswers();
  #timeMs = 0;
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

  /** Log time: real time that the leaders have seen pass while something could expire. */
  get timeMs(): number {
    return this.#timeMs;
  }

  /** Whether something waits for log time to advance. */
  get needsTime(): boolean {
    return this.#leases.size > 0 || this.#answers.size > 0;
  }

  /** Incarnation of a node's newest session; a restarted node takes the next one. */
  incarnationOf(node: string): number {
    return this.#sessions.incarnationOf(node);
  }

  /** Goes on with greater revisions, for a state that begins a new history. */
  skipRevisions(count: number): void {
    this.#revision += count;
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
    const { compare, then, otherwise, idempotency } = command.transaction;
    const known = idempotency === undefined ? undefined : this.#answers.find(idempotency);
    if (known !== undefined && known !== "mismatch") return { applied: known, change: undefined };
    const succeeded = compare.every((item) => this.#holds(item));
    const operations = succeeded ? then : otherwise;
    const author = { writer: command.writer, byLeader: succeeded && isOfLeader(compare) };
    const objection = known ?? this.#objection(operations, author);
    if (objection !== undefined) return { applied: this.#answer(objection), change: undefined };
    const events: StoreEvent[] = [];
    const revision = this.#revision + 1;
    for (const operation of operations) this.#perform(operation, revision, events);
    if (events.length > 0) this.#revision = revision;
    let deleted = 0;
    for (const { entry } of events) if (entry === undefined) deleted++;
    const outcome = succeeded ? "done" : "refused";
    const applied: Applied = { outcome, revision: this.#revision, succeeded, deleted };
    if (idempotency !== undefined) this.#answers.remember(idempotency, applied, this.#timeMs);
    return { applied, change: events.length > 0 ? { revision, events } : undefined };
  }

  #answer(outcome: Applied["outcome"]): Applied {
    return { outcome, revision: this.#revision, succeeded: false, deleted: 0 };
  }

  #holds(item: Compare): boolean {
    const entry = this.#entries.get(item.key);
    if ("revision" in item) return (entry?.revision ?? 0) === item.revision;
    if (entry === undefined) return false;
    if (!("value" in item)) return true;
    const { value } = item;
    return value.length === entry.value.length &&
      value.every((byte, index) => byte === entry.value[index]);
  }

  /** Why none of the operations may be done; undefined when they may. */
  #objection(operations: readonly Operation[], author: Author): Objection | undefined {
    const { writer, byLeader } = author;
    const [only] = operations;
    if (operations.length === 1 && only !== undefined && isPlainWrite(only)) {
      return this.#objectionToOne(only, author);
    }
    const granted = new Set<string>();
    const writes: KeyOperation[] = [];
    for (const operation of operations) {
      switch (operation.type) {
        case "tick":
          if (writer !== "leader") return "forbidden";
          break;
        case "grant":
          if (!this.#leases.has(operation.lease)) granted.add(operation.lease);
          if (!this.#leases.hasRoomFor(granted.size)) return "full";
          break;
        default: {
          if ("key" in operation) {
            if (writerOf(operation.key) !== writer) return "forbidden";
            writes.push(operation);
          }
          const lease = operation.type === "delete" ? undefined : operation.lease;
          if (lease !== undefined && !this.#leases.has(lease) && !granted.has(lease)) {
            return "noLease";
          }
        }
      }
    }
    if (!areLegal(writes, (key) => this.#entries.get(key)?.value)) return "illegal";
    if (!writes.some(({ key }) => isLimited(key, byLeader))) return undefined;
    return this.#fits(this.#growth(writes)) ? undefined : "full";
  }

  /** The usual case, which need not collect anything. */
  #objectionToOne(operation: KeyOperation, { writer, byLeader }: Author): Objection | undefined {
    const { key } = operation;
    if (writerOf(key) !== writer) return "forbidden";
    if (isGuarded(key)) {
      if (!areLegal([operation], (each) => this.#entries.get(each)?.value)) return "illegal";
    }
    // Users' and slices' keys are limited, which need not be looked up for each.
    if (!isChosenKey(key) && !isLimited(key, byLeader)) return undefined;
    return this.#fits(this.#growthOf(operation)) ? undefined : "full";
  }

  #fits(growth: number): boolean {
    return growth <= 0 || this.#bytes + growth <= this.#options.maxBytes;
  }

  #perform(operation: Operation, revision: number, events: StoreEvent[]): void {
    switch (operation.type) {
      case "put":
      case "delete": {
        const event = this.#change(operation, revision);
        if (event !== undefined) events.push(event);
        break;
      }
      case "grant":
        this.#leases.grant(operation.lease, operation.ttlMs, this.#timeMs);
        break;
      case "renew":
        this.#leases.renew(operation.lease, this.#timeMs);
        break;
      case "revoke":
        this.#endLease(operation.lease, revision, events);
        break;
      case "tick":
        this.#timeMs += operation.elapsedMs;
        this.#answers.expire(this.#timeMs);
        for (const lease of this.#leases.expired(this.#timeMs)) {
          this.#endLease(lease, revision, events);
        }
        break;
    }
  }

  #endLease(lease: string, revision: number, events: StoreEvent[]): void {
    for (const key of this.#leases.end(lease)) {
      const event = this.#change({ type: "delete", key }, revision);
      if (event !== undefined) events.push(event);
    }
  }

  #change(operation: KeyOperation, revision: number): StoreEvent | undefined {
    const { key } = operation;
    const previous = this.#entries.get(key);
    if (operation.type === "put" && verdictOf(operation, previous?.value) !== "apply") {
      return undefined;
    }
    this.#leases.bind(key, operation.type === "put" ? operation.lease : undefined);
    if (operation.type === "delete") {
      if (previous === undefined) return undefined;
      this.#entries.delete(key);
      this.#keys.remove(key);
      this.#bytes -= entryBytes(key, previous);
      return { key, entry: undefined, previous };
    }
    const entry: Entry = {
      value: operation.value,
      contentType: operation.contentType,
      createRevision: previous?.createRevision ?? revision,
      revision,
    };
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
  #growth(operations: readonly KeyOperation[]): number {
    let growth = 0;
    for (const operation of new Map(operations.map((each) => [each.key, each])).values()) {
      growth += this.#growthOf(operation);
    }
    return growth;
  }

  #growthOf(operation: KeyOperation): number {
    const previous = this.#entries.get(operation.key);
    const before = previous === undefined ? 0 : entryBytes(operation.key, previous);
    return (operation.type === "put" ? entryBytes(operation.key, operation) : 0) - before;
  }

  /** The whole state as bytes; equal states give equal bytes. */
  snapshot(): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter(65_536, 2 ** 31);
    const isPlain = !this.needsTime && this.#timeMs === 0;
    writer.u8(isPlain ? plainVersion : fullVersion).varint(this.#revision).varint(
      this.#entries.size,
    );
    for (const key of this.#keys.values()) {
      const entry = this.#entries.get(key);
      assert(entry !== undefined, `Key ${key} is listed but not stored`);
      writer.string(key).string(entry.contentType).bytes(entry.value)
        .varint(entry.createRevision).varint(entry.revision);
    }
    this.#sessions.write(writer);
    if (isPlain) return writer.take();
    writer.varint(this.#timeMs);
    this.#leases.write(writer);
    this.#answers.write(writer);
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
    if (version !== plainVersion && version !== fullVersion) {
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
    const isPlain = version === plainVersion;
    const timeMs = isPlain ? 0 : reader.varint();
    const leases = isPlain ? new Leases() : Leases.read(reader);
    const answers = isPlain ? new IdempotentAnswers() : IdempotentAnswers.read(reader);
    reader.end();
    this.#entries.clear();
    this.#keys.replace([]);
    this.#bytes = 0;
    this.#revision = revision;
    this.#sessions = sessions;
    this.#timeMs = timeMs;
    this.#leases = leases;
    this.#answers = answers;
    for (const [key, entry] of rows) this.#insert(key, entry, undefined);
  }
}

function readEntry(reader: ByteReader, valueBytesMax: number): Entry {
  const contentType = reader.string(contentTypeBytesMax);
  const value = reader.bytes(valueBytesMax);
  const createRevision = reader.varint();
  return { value, contentType, createRevision, revision: reader.varint() };
}

function entryBytes(key: string, entry: { value: Uint8Array; contentType: string }): number {
  return key.length + entry.value.length + entry.contentType.length + entryOverheadBytes;
}
