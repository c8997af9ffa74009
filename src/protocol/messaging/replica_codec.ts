/**
 * The bytes of what the owners of a partition say to each other, and of publishing.
 *
 * @module
 */
import { ByteReader, ByteWriter, DecodeError } from "../../base/codec.ts";
import { limits } from "../limits.ts";
import { type LogEntry, readEntry, writeEntry } from "./entry.ts";

/** A question of a partition's leader to another replica. */
export type ReplicaRequest =
  /** Take nothing of earlier epochs any more, and say what you have. */
  | { readonly kind: "recover"; readonly epoch: number }
  /** Give what follows an offset, if the entry before it is of this epoch. */
  | {
    readonly kind: "fetch";
    readonly epoch: number;
    readonly from: number;
    readonly formerEpoch: number;
  }
  /** Keep these entries from this offset on, if the entry before it is of this epoch. */
  | {
    readonly kind: "append";
    readonly epoch: number;
    readonly from: number;
    readonly formerEpoch: number;
    readonly entries: readonly LogEntry[];
    /** Everything before it is on a majority. */
    readonly commit: number;
    /** The oldest that the leader keeps. */
    readonly first: number;
  };

/** The answer of a replica. */
export type ReplicaReply =
  /** It has seen a later epoch. */
  | { readonly kind: "stale"; readonly epoch: number }
  | {
    readonly kind: "state";
    readonly isBlank: boolean;
    readonly end: number;
    readonly lastEpoch: number;
  }
  | { readonly kind: "entries"; readonly first: number; readonly entries: readonly LogEntry[] }
  /** The entry before is another one or missing: try from here. */
  | { readonly kind: "mismatch"; readonly end: number }
  /** Everything before this offset is as the leader has it. */
  | { readonly kind: "kept"; readonly end: number };

/** Where something belongs. */
export interface PartitionPlace {
  readonly topic: string;
  readonly partition: number;
}

const nameBytesMax = 64;
const entriesMax = 100_000;
const requestKinds = ["recover", "fetch", "append"] as const;
const replyKinds = ["stale", "state", "entries", "mismatch", "kept"] as const;

/** Writes a question about a partition. */
export function encodeRequest(
  { topic, partition }: PartitionPlace,
  request: ReplicaRequest,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.string(topic).varint(partition).u8(requestKinds.indexOf(request.kind));
  writer.varint(request.epoch);
  if (request.kind === "recover") return writer.view();
  writer.varint(request.from).varint(request.formerEpoch);
  if (request.kind === "append") {
    writer.varint(request.commit).varint(request.first);
    writeEntries(writer, request.entries);
  }
  return writer.view();
}

/**
 * Reads a question.
 *
 * @throws {DecodeError} when the bytes are none.
 */
export function decodeRequest(
  bytes: Uint8Array,
): { readonly place: PartitionPlace; readonly request: ReplicaRequest } {
  const reader = new ByteReader(bytes);
  const place = { topic: reader.string(nameBytesMax), partition: reader.varint() };
  const kind = requestKinds[reader.u8()];
  const epoch = reader.varint();
  let request: ReplicaRequest;
  if (kind === "recover") request = { kind, epoch };
  else if (kind === "fetch") {
    request = { kind, epoch, from: reader.varint(), formerEpoch: reader.varint() };
  } else if (kind === "append") {
    const head = { from: reader.varint(), formerEpoch: reader.varint() };
    const ends = { commit: reader.varint(), first: reader.varint() };
    request = { kind, epoch, ...head, ...ends, entries: readEntries(reader) };
  } else throw new DecodeError("The question is not known", 0);
  reader.end();
  return { place, request };
}

/** Writes an answer. */
export function encodeReply(reply: ReplicaReply): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(replyKinds.indexOf(reply.kind));
  switch (reply.kind) {
    case "stale":
      writer.varint(reply.epoch);
      break;
    case "state":
      writer.u8(reply.isBlank ? 1 : 0).varint(reply.end).varint(reply.lastEpoch);
      break;
    case "entries":
      writer.varint(reply.first);
      writeEntries(writer, reply.entries);
      break;
    default:
      writer.varint(reply.end);
  }
  return writer.view();
}

/**
 * Reads an answer.
 *
 * @throws {DecodeError} when the bytes are none.
 */
export function decodeReply(bytes: Uint8Array): ReplicaReply {
  const reader = new ByteReader(bytes);
  const reply = readReply(reader);
  reader.end();
  return reply;
}

function readReply(reader: ByteReader): ReplicaReply {
  const kind = replyKinds[reader.u8()];
  switch (kind) {
    case "stale":
      return { kind, epoch: reader.varint() };
    case "state":
      return {
        kind,
        isBlank: reader.u8() === 1,
        end: reader.varint(),
        lastEpoch: reader.varint(),
      };
    case "entries":
      return { kind, first: reader.varint(), entries: readEntries(reader) };
    case "mismatch":
    case "kept":
      return { kind, end: reader.varint() };
    default:
      throw new DecodeError("The answer is not known", 0);
  }
}

/** A message on its way to its partition's leader. */
export interface NewMessage {
  readonly key: string | undefined;
  readonly value: Uint8Array;
}

/** Writes messages for a partition. */
export function encodePublish(
  { topic, partition }: PartitionPlace,
  messages: readonly NewMessage[],
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().string(topic).varint(partition);
  writer.list(messages, ({ key, value }) => {
    writer.u8(key === undefined ? 0 : 1).string(key ?? "").bytes(value);
  });
  return writer.view();
}

/**
 * Reads messages for a partition.
 *
 * @throws {DecodeError} when the bytes are none.
 */
export function decodePublish(
  bytes: Uint8Array,
): { readonly place: PartitionPlace; readonly messages: readonly NewMessage[] } {
  const reader = new ByteReader(bytes);
  const place = { topic: reader.string(nameBytesMax), partition: reader.varint() };
  const messages = reader.list(entriesMax, () => {
    const isKeyed = reader.u8() === 1;
    const key = reader.string(limits.messageKeyBytes);
    return { key: isKeyed ? key : undefined, value: reader.bytes(limits.messageBytes) };
  });
  reader.end();
  return { place, messages };
}

function writeEntries(writer: ByteWriter, entries: readonly LogEntry[]): void {
  writer.list(entries, (entry) => writeEntry(writer, entry));
}

function readEntries(reader: ByteReader): LogEntry[] {
  return reader.list(entriesMax, readEntry);
}
