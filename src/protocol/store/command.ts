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
import { limits } from "../limits.ts";

const commandVersion = 1;
const operationsMax = 10_000;
const valueBytesMax = 16 * 1024 * 1024;
/** Longest content type, in UTF-8 bytes. */
export const contentTypeBytesMax = 256;
const encoder = new TextEncoder();

const writers = ["user", "slice", "operator", "leader", "node"] as const;
/** Who may write a key; checked when the command is applied. */
export type Writer = typeof writers[number];

/** A condition: the key was last written at this revision; 0 = it is absent. */
export interface Compare {
  readonly key: string;
  readonly revision: number;
}

/** One change of a key. */
export type Operation =
  | {
    readonly type: "put";
    readonly key: string;
    readonly value: Uint8Array;
    readonly contentType: string;
  }
  | { readonly type: "delete"; readonly key: string };

/** All operations of `then` when every comparison holds, else all of `otherwise`; atomic. */
export interface Transaction {
  readonly compare: readonly Compare[];
  readonly then: readonly Operation[];
  readonly otherwise: readonly Operation[];
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

/** What applying a command did. */
export interface Applied {
  /** "stale": the command's session has ended, or its answer was acknowledged already. */
  readonly outcome: "done" | "refused" | "full" | "forbidden" | "stale";
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
export function checkTransaction({ compare, then, otherwise }: Transaction): void {
  for (const { length } of [compare, then, otherwise]) {
    if (length <= operationsMax) continue;
    throw new AetherError(
      "REQUEST_INVALID",
      `A transaction of ${length} operations exceeds the limit of ${operationsMax}: split it`,
    );
  }
  for (const { key } of compare) checkKey(key);
  for (const operation of then) checkOperation(operation);
  for (const operation of otherwise) checkOperation(operation);
}

function checkOperation(operation: Operation): void {
  checkKey(operation.key);
  if (operation.type === "delete") return;
  const { key, contentType, value } = operation;
  if (value.length > valueBytesMax) {
    throw new AetherError(
      "VALUE_TOO_LARGE",
      `The value of key "${key}" has ${value.length} bytes; the limit is ${valueBytesMax}`,
    );
  }
  if (exceeds(contentType, contentTypeBytesMax)) {
    throw new AetherError(
      "REQUEST_INVALID",
      `The content type of key "${key}" has more than ${contentTypeBytesMax} bytes: shorten it`,
    );
  }
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
  return text.length * 3 > bytesMax && encoder.encode(text).length > bytesMax;
}

/** Writes a command that has passed {@link checkTransaction}; see {@link decodeCommand}. */
export function encodeCommand(command: Command): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.u8(commandVersion)
    .string(command.node)
    .varint(command.incarnation)
    .varint(command.sequence)
    .varint(command.acknowledgedBelow)
    .u8(writers.indexOf(command.writer));
  const { compare, then, otherwise } = command.transaction;
  writer.list(compare, (item, to) => to.string(item.key).varint(item.revision));
  writer.list(then, writeOperation);
  writer.list(otherwise, writeOperation);
  return writer.take();
}

function writeOperation(operation: Operation, writer: ByteWriter): void {
  if (operation.type === "delete") {
    writer.u8(0).string(operation.key);
    return;
  }
  writer.u8(1).string(operation.key).string(operation.contentType).bytes(operation.value);
}

/**
 * Reads a command.
 *
 * @throws {DecodeError} when the bytes are not a command of a known version.
 */
export function decodeCommand(bytes: Uint8Array): Command {
  const reader = new Reader(bytes);
  const version = reader.u8();
  if (version !== commandVersion) {
    throw new DecodeError(`Command version ${version} is not known; known is ${commandVersion}`, 0);
  }
  const node = reader.string(64);
  const incarnation = reader.varint();
  const sequence = reader.varint();
  const acknowledgedBelow = reader.varint();
  const writer = writers[reader.u8()];
  if (writer === undefined) throw new DecodeError("Writer is not known", reader.offset - 1);
  const compare = reader.list(operationsMax, (from) => ({
    key: from.string(limits.keyBytes),
    revision: from.varint(),
  }));
  const then = reader.list(operationsMax, readOperation);
  const otherwise = reader.list(operationsMax, readOperation);
  reader.end();
  return {
    node,
    incarnation,
    sequence,
    acknowledgedBelow,
    writer,
    transaction: { compare, then, otherwise },
  };
}

function readOperation(reader: ByteReader): Operation {
  const offset = reader.offset;
  const type = reader.u8();
  const key = reader.string(limits.keyBytes);
  if (type === 0) return { type: "delete", key };
  if (type !== 1) throw new DecodeError(`Operation type ${type} is not known`, offset);
  const contentType = reader.string(contentTypeBytesMax);
  return { type: "put", key, contentType, value: reader.bytes(valueBytesMax) };
}
