/**
 * Commands of the replicated store: what the log carries and what applying one answers.
 *
 * A command is a transaction in a session. Its bytes start with a version, so that the log of an
 * older release stays readable. Time and ids come with the command: applying it reads no clock.
 *
 * @module
 */
import { type ByteReader, ByteWriter, DecodeError } from "../../base/codec.ts";
import { ByteReader as Reader } from "../../base/codec.ts";
import { AetherError } from "../../base/errors.ts";
import { utf8Bytes } from "../../base/text/utf8_bytes.ts";
import { limits } from "../limits.ts";

/** Comparisons of revisions, puts and deletes of keys: what 0.1 wrote, and still the usual case. */
const plainVersion = 1;
/** Everything else as well. */
const fullVersion = 2;
const operationsMax = 10_000;
const valueBytesMax = 16 * 1024 * 1024;
/** Longest content type, in UTF-8 bytes. */
export const contentTypeBytesMax = 256;
/** Longest id of a lease and longest idempotency key, in UTF-8 bytes. */
export const idBytesMax = 512;
/** Shortest and longest life of a lease without renewal, in milliseconds. */
export const leaseTtlMs = { min: 1_000, max: 86_400_000 } as const;
/** Most log time that one tick can add, in milliseconds. */
export const tickMsMax = 1_000;

const writers = ["user", "slice", "operator", "leader", "node"] as const;
/** Who may write a key; checked when the command is applied. */
export type Writer = typeof writers[number];

/** A condition: the key was last written at this revision (0: it is absent), or has this value. */
export type Compare =
  | { readonly key: string; readonly revision: number }
  | { readonly key: string; readonly value: Uint8Array }
  | { readonly key: string; readonly exists: true };

/** Writes a key. */
export interface PutOperation {
  readonly type: "put";
  readonly key: string;
  readonly value: Uint8Array;
  readonly contentType: string;
  /** The key goes when this lease ends; a put without a lease frees the key of a former one. */
  readonly lease?: string;
}

/** One change of a key. */
export type KeyOperation = PutOperation | { readonly type: "delete"; readonly key: string };

/** One change of a lease. A lease that is granted again begins anew and keeps its keys. */
export type LeaseOperation =
  | { readonly type: "grant"; readonly lease: string; readonly ttlMs: number }
  | { readonly type: "renew"; readonly lease: string }
  /** Ends it: its keys are deleted. */
  | { readonly type: "revoke"; readonly lease: string };

/** One change of the store. */
export type Operation =
  | KeyOperation
  | LeaseOperation
  /** Advances log time; what expires by it goes. Written by the leader only. */
  | { readonly type: "tick"; readonly elapsedMs: number };

/** Makes a transaction that comes twice do its work once; see `src/store/idempotency.ts`. */
export interface Idempotency {
  /** What the caller chose, with the name of the caller. */
  readonly key: string;
  /** Hash of the request: the key again with another request is an error. */
  readonly fingerprint: string;
}

/** All operations of `then` when every comparison holds, else all of `otherwise`; atomic. */
export interface Transaction {
  readonly compare: readonly Compare[];
  readonly then: readonly Operation[];
  readonly otherwise: readonly Operation[];
  readonly idempotency?: Idempotency;
}

/** A transaction in the session of the node that proposed it. */
export interface Command {
  /** Session: node and its incarnation. */
  readonly node: string;
  readonly incarnation: number;
  /** Number of the command in its session, from 1: a second one of the same number does nothing. */
  readonly sequence: number;
  /** Answers below this number are not asked for again. */
  readonly acknowledgedBelow: number;
  readonly writer: Writer;
  readonly transaction: Transaction;
}

/** What can come of a command, in the order of their numbers in snapshots. */
export const outcomes = [
  "done",
  "refused",
  "full",
  "forbidden",
  "stale",
  "noLease",
  "mismatch",
  "illegal",
] as const;
/** One of {@link outcomes}. */
export type Outcome = typeof outcomes[number];

/** What applying a command did. */
export interface Applied {
  /**
   * "stale": the command's session has ended, or its answer was acknowledged already. "noLease":
   * a lease that it names does not exist. "mismatch": its idempotency key stands for another one.
   * "illegal": an instance or a node cannot go from its state to the written one.
   */
  readonly outcome: Outcome;
  /** Revision of the store afterwards; a change gets a revision of its own. */
  readonly revision: number;
  /** Whether the comparisons held. */
  readonly succeeded: boolean;
  /** Keys that really existed and were deleted. */
  readonly deleted: number;
}

/**
 * Refuses a transaction whose command {@link decodeCommand} would not read: a log that holds it
 * could never be replayed.
 *
 * @throws {AetherError} KEY_INVALID, VALUE_TOO_LARGE or REQUEST_INVALID.
 */
export function checkTransaction(transaction: Transaction): void {
  const { compare, then, otherwise, idempotency } = transaction;
  for (const { length } of [compare, then, otherwise]) {
    if (length <= operationsMax) continue;
    throw new AetherError(
      "REQUEST_INVALID",
      `A transaction of ${length} operations exceeds the limit of ${operationsMax}: split it`,
    );
  }
  if (idempotency !== undefined) {
    checkId("idempotency key", idempotency.key);
    checkId("fingerprint", idempotency.fingerprint);
  }
  for (const item of compare) {
    checkKey(item.key);
    if ("value" in item) checkValue(item.key, item.value);
  }
  for (const operation of then) checkOperation(operation);
  for (const operation of otherwise) checkOperation(operation);
}

function checkOperation(operation: Operation): void {
  switch (operation.type) {
    case "delete":
      checkKey(operation.key);
      break;
    case "put":
      checkPut(operation);
      break;
    case "grant":
      checkId("lease", operation.lease);
      checkTtl(operation.ttlMs);
      break;
    case "renew":
    case "revoke":
      checkId("lease", operation.lease);
      break;
    case "tick":
      checkElapsed(operation.elapsedMs);
      break;
  }
}

function checkPut({ key, contentType, value, lease }: PutOperation): void {
  checkKey(key);
  checkValue(key, value);
  if (lease !== undefined) checkId("lease", lease);
  if (exceeds(contentType, contentTypeBytesMax)) {
    throw new AetherError(
      "REQUEST_INVALID",
      `The content type of key "${key}" has more than ${contentTypeBytesMax} bytes: shorten it`,
    );
  }
}

function checkValue(key: string, value: Uint8Array): void {
  if (value.length <= valueBytesMax) return;
  throw new AetherError(
    "VALUE_TOO_LARGE",
    `The value of key "${key}" has ${value.length} bytes; the limit is ${valueBytesMax}`,
  );
}

function checkId(what: string, id: string): void {
  if (id !== "" && id.isWellFormed() && !exceeds(id, idBytesMax)) return;
  const shown = JSON.stringify(id.slice(0, 80));
  throw new AetherError(
    "REQUEST_INVALID",
    `The ${what} ${shown} is not text of 1 to ${idBytesMax} bytes: correct it`,
  );
}

function checkTtl(ttlMs: number): void {
  const { min, max } = leaseTtlMs;
  if (Number.isSafeInteger(ttlMs) && ttlMs >= min && ttlMs <= max) return;
  throw new AetherError(
    "REQUEST_INVALID",
    `A lease cannot live for ${ttlMs} ms: write ${min} to ${max}`,
  );
}

function checkElapsed(elapsedMs: number): void {
  if (Number.isSafeInteger(elapsedMs) && elapsedMs >= 0 && elapsedMs <= tickMsMax) return;
  throw new AetherError("REQUEST_INVALID", `A tick of ${elapsedMs} ms is not 0 to ${tickMsMax}`);
}

function checkKey(key: string): void {
  if (key.isWellFormed() && !exceeds(key, limits.keyBytes)) return;
  const shown = JSON.stringify(key.slice(0, 80));
  throw new AetherError(
    "KEY_INVALID",
    `Key ${shown} is not text of at most ${limits.keyBytes} bytes: shorten or correct it`,
  );
}

function exceeds(text: string, bytesMax: number): boolean {
  // A code unit takes three bytes at most, so short texts need no counting.
  return text.length * 3 > bytesMax && utf8Bytes(text) > bytesMax;
}

/** Commands are written in one piece, so one buffer serves all. */
const commandWriter = new ByteWriter();

/** Writes a command that has passed {@link checkTransaction}; see {@link decodeCommand}. */
export function encodeCommand(command: Command): Uint8Array<ArrayBuffer> {
  const { compare, then, otherwise, idempotency } = command.transaction;
  const isPlain = idempotency === undefined && compare.every((item) => "revision" in item) &&
    then.every(isPlainOperation) && otherwise.every(isPlainOperation);
  const writer = commandWriter;
  writer.clear();
  writer.u8(isPlain ? plainVersion : fullVersion)
    .string(command.node)
    .varint(command.incarnation)
    .varint(command.sequence)
    .varint(command.acknowledgedBelow)
    .u8(writers.indexOf(command.writer));
  writer.list(compare, (item, to) => writeCompare(item, to, isPlain));
  writer.list(then, writeOperation);
  writer.list(otherwise, writeOperation);
  if (isPlain) return writer.take();
  writer.u8(idempotency === undefined ? 0 : 1);
  if (idempotency !== undefined) writer.string(idempotency.key).string(idempotency.fingerprint);
  return writer.take();
}

function isPlainOperation(operation: Operation): boolean {
  return operation.type === "delete" || operation.type === "put" && operation.lease === undefined;
}

function writeCompare(item: Compare, writer: ByteWriter, isPlain: boolean): void {
  if ("revision" in item) {
    if (!isPlain) writer.u8(0);
    writer.string(item.key).varint(item.revision);
  } else if ("value" in item) writer.u8(1).string(item.key).bytes(item.value);
  else writer.u8(2).string(item.key);
}

function writeOperation(operation: Operation, writer: ByteWriter): void {
  switch (operation.type) {
    case "delete":
      writer.u8(0).string(operation.key);
      break;
    case "put": {
      const { key, contentType, value, lease } = operation;
      writer.u8(lease === undefined ? 1 : 2).string(key).string(contentType).bytes(value);
      if (lease !== undefined) writer.string(lease);
      break;
    }
    case "grant":
      writer.u8(3).string(operation.lease).varint(operation.ttlMs);
      break;
    case "renew":
      writer.u8(4).string(operation.lease);
      break;
    case "revoke":
      writer.u8(5).string(operation.lease);
      break;
    case "tick":
      writer.u8(6).varint(operation.elapsedMs);
      break;
  }
}

/**
 * Reads a command.
 *
 * @throws {DecodeError} when the bytes are not a command of a known version.
 */
export function decodeCommand(bytes: Uint8Array): Command {
  const reader = new Reader(bytes);
  const command = readCommand(reader);
  reader.end();
  return command;
}

/**
 * Reads a command in the middle of something else.
 *
 * @throws {DecodeError} when the bytes are not a command of a known version.
 */
export function readCommand(reader: ByteReader): Command {
  const version = reader.u8();
  if (version !== plainVersion && version !== fullVersion) {
    const known = `${plainVersion} and ${fullVersion}`;
    const { offset } = reader;
    throw new DecodeError(
      `Command version ${version} is not known; known are ${known}`,
      offset - 1,
    );
  }
  const isPlain = version === plainVersion;
  const node = reader.string(64);
  const incarnation = reader.varint();
  const sequence = reader.varint();
  const acknowledgedBelow = reader.varint();
  const writer = writers[reader.u8()];
  if (writer === undefined) throw new DecodeError("Writer is not known", reader.offset - 1);
  const compare = reader.list(operationsMax, isPlain ? readRevision : readCompare);
  const readOne = isPlain ? readPlainOperation : readOperation;
  const then = reader.list(operationsMax, readOne);
  const otherwise = reader.list(operationsMax, readOne);
  const idempotency = isPlain ? undefined : readIdempotency(reader);
  const transaction: Transaction = idempotency === undefined
    ? { compare, then, otherwise }
    : { compare, then, otherwise, idempotency };
  return { node, incarnation, sequence, acknowledgedBelow, writer, transaction };
}

function readRevision(reader: ByteReader): Compare {
  return { key: reader.string(limits.keyBytes), revision: reader.varint() };
}

function readCompare(reader: ByteReader): Compare {
  const offset = reader.offset;
  const kind = reader.u8();
  if (kind === 0) return readRevision(reader);
  const key = reader.string(limits.keyBytes);
  if (kind === 1) return { key, value: reader.bytes(valueBytesMax) };
  if (kind === 2) return { key, exists: true };
  throw new DecodeError(`Comparison kind ${kind} is not known`, offset);
}

function readIdempotency(reader: ByteReader): Idempotency | undefined {
  const offset = reader.offset;
  const flag = reader.u8();
  if (flag === 0) return undefined;
  if (flag !== 1) throw new DecodeError(`Idempotency flag ${flag} is not known`, offset);
  return { key: reader.string(idBytesMax), fingerprint: reader.string(idBytesMax) };
}

function readPlainOperation(reader: ByteReader): Operation {
  return readOperation(reader, 1);
}

function readOperation(reader: ByteReader, typeMax = 6): Operation {
  const offset = reader.offset;
  const type = reader.u8();
  if (type > typeMax) throw new DecodeError(`Operation type ${type} is not known`, offset);
  if (type === 6) return { type: "tick", elapsedMs: reader.varint() };
  if (type > 2) {
    const lease = reader.string(idBytesMax);
    if (type === 3) return { type: "grant", lease, ttlMs: reader.varint() };
    return { type: type === 4 ? "renew" : "revoke", lease };
  }
  const key = reader.string(limits.keyBytes);
  if (type === 0) return { type: "delete", key };
  const contentType = reader.string(contentTypeBytesMax);
  const put = { type: "put", key, contentType, value: reader.bytes(valueBytesMax) } as const;
  return type === 1 ? put : { ...put, lease: reader.string(idBytesMax) };
}
