/**
 * The bytes of messages between DHT machines.
 *
 * A message that cannot be read throws DecodeError, which costs the sender its link and nothing
 * else. Every list and text has a limit.
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../../base/codec.ts";
import { dhtLimits, type Entry, type KeyedEntry, type ListedEntry } from "./entry.ts";
import { type Cause, causes, type DhtMessage } from "./message.ts";
import { partitionCount, type ScopeName, scopeNames } from "./scope.ts";
import type { Version } from "./version.ts";
import type { Member, View } from "./view.ts";

/** Kinds on the wire: the place in this list; new ones at the end. */
const kinds: readonly DhtMessage["type"][] = [
  "write",
  "wrote",
  "read",
  "readTell",
  "digestAsk",
  "digestTell",
  "listAsk",
  "listTell",
  "fetchAsk",
  "fetchTell",
  "holdAsk",
  "holdTell",
  "collect",
  "viewAsk",
  "view",
];

const nameBytesMax = 128;
const bucketsMax = 64;
const digestBytes = 16;

/** Writes a message. */
export function writeDhtMessage(writer: ByteWriter, message: DhtMessage): void {
  writer.u8(kinds.indexOf(message.type));
  if (message.type === "viewAsk") {
    writer.varint(message.revision);
    return;
  }
  if (message.type === "view") return writeView(writer, message.view);
  writer.varint(message.id).varint(message.revision);
  switch (message.type) {
    case "write":
      writeScope(writer, message.scope);
      writer.string(message.key);
      return writeEntry(writer, message.entry);
    case "read":
      writeScope(writer, message.scope);
      writer.string(message.key);
      return;
    case "wrote":
    case "readTell":
    case "listTell":
      writer.string(message.storage);
      return writeOutcome(writer, message);
    default:
      return writeSync(writer, message);
  }
}

function writeOutcome(
  writer: ByteWriter,
  { type, outcome }: Extract<DhtMessage, { outcome: unknown }>,
): void {
  if (outcome.type === "failed") {
    writer.u8(0).u8(causes.indexOf(outcome.cause));
    return;
  }
  switch (outcome.type) {
    case "stored":
    case "absent":
      writer.u8(1);
      return;
    case "superseded":
      writer.u8(2);
      return writeVersion(writer, outcome.version);
    case "entry":
      writer.u8(2);
      return writeEntry(writer, outcome.entry);
    case "listed":
      writer.u8(type === "listTell" ? 3 : 0).u8(outcome.isLast ? 1 : 0).varint(outcome.damaged)
        .list(outcome.listed, writeListed);
      return;
  }
}

function writeSync(
  writer: ByteWriter,
  message: Exclude<
    DhtMessage,
    { type: "write" | "read" | "view" | "viewAsk" } | { outcome: unknown }
  >,
): void {
  switch (message.type) {
    case "digestAsk":
      writeScope(writer, message.scope);
      writer.list(message.digests, ({ partition, digest }, to) => {
        to.u16(partition).string(digest);
      });
      return;
    case "digestTell":
      writer.list(message.differing, (partition, to) => to.u16(partition));
      return;
    case "listAsk":
      writeScope(writer, message.scope);
      writer.u16(message.partition).list(message.buckets, (digest, to) => to.string(digest))
        .string(message.after);
      return;
    case "fetchAsk":
      writeScope(writer, message.scope);
      writer.list(message.keys, (key, to) => to.string(key));
      return;
    case "fetchTell":
      writer.list(message.entries, ({ key, entry }, to) => writeEntry(to.string(key), entry))
        .varint(message.answered).varint(message.failed);
      return;
    case "holdTell":
      writer.list(message.keys, (key, to) => to.string(key));
      return;
    case "holdAsk":
    case "collect":
      writeScope(writer, message.scope);
      writer.u16(message.partition).list(message.tombstones, writeListed);
      return;
  }
}

/**
 * Reads a message.
 *
 * @throws {DecodeError} when the bytes are no message.
 */
export function readDhtMessage(reader: ByteReader): DhtMessage {
  const number = reader.u8();
  const type = kinds[number];
  if (type === undefined) {
    throw new DecodeError(`DHT message kind ${number} is not known`, reader.offset - 1);
  }
  if (type === "viewAsk") return { type, revision: reader.varint() };
  if (type === "view") return { type, view: readView(reader) };
  const asked = { id: reader.varint(), revision: reader.varint() };
  switch (type) {
    case "write":
      return { type, ...asked, ...readTarget(reader), entry: readEntry(reader) };
    case "read":
      return { type, ...asked, ...readTarget(reader) };
    case "wrote":
    case "readTell":
    case "listTell":
      return readAnswer(reader, type, asked);
    default:
      return readSync(reader, type, asked);
  }
}

type Asked = { readonly id: number; readonly revision: number };

function readAnswer(
  reader: ByteReader,
  type: "wrote" | "readTell" | "listTell",
  asked: Asked,
): DhtMessage {
  const storage = readName(reader);
  const number = reader.u8();
  if (number === 0) {
    return { type, ...asked, storage, outcome: { type: "failed", cause: readCause(reader) } };
  }
  if (type === "wrote" && number === 1) {
    return { type, ...asked, storage, outcome: { type: "stored" } };
  }
  if (type === "wrote" && number === 2) {
    const outcome = { type: "superseded", version: readVersion(reader) } as const;
    return { type, ...asked, storage, outcome };
  }
  if (type === "readTell" && number === 1) {
    return { type, ...asked, storage, outcome: { type: "absent" } };
  }
  if (type === "readTell" && number === 2) {
    return { type, ...asked, storage, outcome: { type: "entry", entry: readEntry(reader) } };
  }
  if (type === "listTell" && number === 3) {
    const isLast = readFlag(reader);
    const damaged = reader.varint();
    const listed = reader.list(dhtLimits.listedMax, readListed);
    return { type, ...asked, storage, outcome: { type: "listed", listed, isLast, damaged } };
  }
  throw new DecodeError(`Outcome ${number} of ${type} is not known`, reader.offset - 1);
}

function readSync(
  reader: ByteReader,
  type: Exclude<
    DhtMessage["type"],
    "write" | "read" | "wrote" | "readTell" | "listTell" | "view" | "viewAsk"
  >,
  asked: Asked,
): DhtMessage {
  switch (type) {
    case "digestAsk": {
      const scope = readScope(reader);
      const digests = reader.list(dhtLimits.digestsMax, (from) => ({
        partition: readPartition(from),
        digest: from.string(digestBytes),
      }));
      return { type, ...asked, scope, digests };
    }
    case "digestTell":
      return { type, ...asked, differing: reader.list(dhtLimits.digestsMax, readPartition) };
    case "listAsk": {
      const scope = readScope(reader);
      const partition = readPartition(reader);
      const buckets = reader.list(bucketsMax, (from) => from.string(digestBytes));
      return { type, ...asked, scope, partition, buckets, after: readKey(reader) };
    }
    case "fetchAsk": {
      const scope = readScope(reader);
      return { type, ...asked, scope, keys: reader.list(dhtLimits.listedMax, readKey) };
    }
    case "fetchTell": {
      const entries = reader.list(dhtLimits.listedMax, readKeyed);
      return { type, ...asked, entries, answered: reader.varint(), failed: reader.varint() };
    }
    case "holdTell":
      return { type, ...asked, keys: reader.list(dhtLimits.listedMax, readKey) };
    case "holdAsk":
    case "collect": {
      const scope = readScope(reader);
      const partition = readPartition(reader);
      const tombstones = reader.list(dhtLimits.listedMax, readListed);
      return { type, ...asked, scope, partition, tombstones };
    }
  }
}

/** Writes a view, for messages and for the replicated store alike. */
function writeView(writer: ByteWriter, { revision, members, next, lost }: View): void {
  writer.varint(revision).list(members, writeMember).u8(next === undefined ? 0 : 1)
    .list(next ?? [], writeMember).list(lost, (storage, to) => to.string(storage));
}

function readView(reader: ByteReader): View {
  const revision = reader.varint();
  const members = reader.list(dhtLimits.membersMax, readMember);
  const isOpen = readFlag(reader);
  const next = reader.list(dhtLimits.membersMax, readMember);
  const lost = reader.list(dhtLimits.membersMax, readName);
  if (members.length === 0 || isOpen === (next.length === 0)) {
    throw new DecodeError("A view without members", reader.offset);
  }
  return { revision, members, next: isOpen ? next : undefined, lost };
}

function writeMember({ node, storage }: Member, writer: ByteWriter): void {
  writer.string(node).string(storage);
}

function readMember(reader: ByteReader): Member {
  return { node: readName(reader), storage: readName(reader) };
}

/** Writes an entry, for messages and for storages alike. */
export function writeEntry(writer: ByteWriter, { version, value }: Entry): void {
  writeVersion(writer, version);
  if (value === undefined) writer.u8(0);
  else writer.u8(1).bytes(value);
}

/**
 * Reads an entry.
 *
 * @throws {DecodeError} when the bytes are no entry.
 */
export function readEntry(reader: ByteReader): Entry {
  const version = readVersion(reader);
  return { version, value: readFlag(reader) ? reader.bytes(dhtLimits.valueBytes) : undefined };
}

function readKeyed(reader: ByteReader): KeyedEntry {
  return { key: readKey(reader), entry: readEntry(reader) };
}

function writeListed({ key, version, isTombstone }: ListedEntry, writer: ByteWriter): void {
  writeVersion(writer.string(key), version);
  writer.u8(isTombstone ? 1 : 0);
}

function readListed(reader: ByteReader): ListedEntry {
  return { key: readKey(reader), version: readVersion(reader), isTombstone: readFlag(reader) };
}

function writeVersion(writer: ByteWriter, { timeMs, counter, writer: name }: Version): void {
  writer.varint(timeMs).u16(counter).string(name);
}

function readVersion(reader: ByteReader): Version {
  return { timeMs: reader.varint(), counter: reader.u16(), writer: readName(reader) };
}

function writeScope(writer: ByteWriter, scope: ScopeName): void {
  writer.u8(scopeNames.indexOf(scope));
}

function readScope(reader: ByteReader): ScopeName {
  const number = reader.u8();
  const scope = scopeNames[number];
  if (scope === undefined) throw new DecodeError(`Scope ${number} is not known`, reader.offset - 1);
  return scope;
}

function readTarget(reader: ByteReader): { scope: ScopeName; key: string } {
  return { scope: readScope(reader), key: readKey(reader) };
}

function readKey(reader: ByteReader): string {
  return reader.string(dhtLimits.keyBytes);
}

function readName(reader: ByteReader): string {
  return reader.string(nameBytesMax);
}

function readPartition(reader: ByteReader): number {
  const partition = reader.u16();
  if (partition < partitionCount) return partition;
  throw new DecodeError(`There is no partition ${partition}`, reader.offset - 2);
}

function readCause(reader: ByteReader): Cause {
  const number = reader.u8();
  const cause = causes[number];
  if (cause === undefined) throw new DecodeError(`Cause ${number} is not known`, reader.offset - 1);
  return cause;
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw new DecodeError(`Flag ${flag} is not 0 or 1`, reader.offset - 1);
  return flag === 1;
}
