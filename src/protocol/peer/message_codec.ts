/**
 * Bytes of consensus messages and records.
 *
 * @module
 */
import { ByteReader, ByteWriter, DecodeError } from "../../base/codec.ts";
import type {
  Bit,
  ConsensusRecord,
  Digest,
  LogEntry,
  Message,
  SlotMessage,
  Value,
  Vote,
} from "../consensus/message.ts";

const kinds = {
  proposal: 1,
  state: 2,
  vote: 3,
  batch: 4,
  get: 5,
  decision: 6,
  fetch: 7,
  entries: 8,
  compacted: 9,
  rejoinAsk: 10,
  rejoinTell: 11,
  barrierAsk: 12,
  barrierTell: 13,
  suggestion: 14,
} as const;

const digestMax = 128;
const valueMax = 64 * 1024;
const payloadBytesMax = 16 * 1024 * 1024;
const entriesMax = 10_000;

/** Writes a message. */
export function writeMessage(writer: ByteWriter, message: Message): void {
  writer.u8(kinds[message.type]);
  switch (message.type) {
    case "proposal":
    case "suggestion":
      writer.varint(message.slot).string(message.value);
      break;
    case "state":
      writer.varint(message.slot).varint(message.phase).u8(message.bit);
      writeKnown(writer, message.value);
      break;
    case "vote":
      writer.varint(message.slot).varint(message.phase).u8(message.vote);
      writeKnown(writer, message.value);
      break;
    case "batch":
      writer.string(message.digest).bytes(message.payload);
      break;
    case "get":
      writer.string(message.digest);
      break;
    case "decision":
      writer.varint(message.slot).string(message.value);
      break;
    case "fetch":
      writer.varint(message.from);
      break;
    case "entries":
      writer.list(message.entries, ({ slot, batches }, to) => {
        to.varint(slot).list(batches, ({ digest, payload }, into) => {
          into.string(digest).bytes(payload);
        });
      });
      break;
    case "compacted":
      writer.varint(message.logStart);
      break;
    case "rejoinAsk":
      writer.string(message.nonce).varint(message.fillUpTo + 1);
      break;
    case "rejoinTell":
      writer.string(message.nonce).varint(message.maxOpened + 1);
      break;
    case "barrierAsk":
      writer.varint(message.id);
      break;
    case "barrierTell":
      writer.varint(message.id).varint(message.maxOpened + 1);
      break;
  }
}

/**
 * Reads a message.
 *
 * @throws {DecodeError} when the bytes are no message.
 */
export function readMessage(reader: ByteReader): Message {
  const kind = reader.u8();
  switch (kind) {
    case kinds.proposal:
    case kinds.state:
    case kinds.vote:
      return readSlotMessage(reader, kind);
    case kinds.suggestion:
      return { type: "suggestion", slot: reader.varint(), value: readValue(reader) };
    case kinds.batch:
      return { type: "batch", digest: readDigest(reader), payload: reader.bytes(payloadBytesMax) };
    case kinds.get:
      return { type: "get", digest: readDigest(reader) };
    case kinds.decision:
      return { type: "decision", slot: reader.varint(), value: readValue(reader) };
    case kinds.fetch:
      return { type: "fetch", from: reader.varint() };
    case kinds.entries:
      return { type: "entries", entries: reader.list(entriesMax, readEntry) };
    case kinds.compacted:
      return { type: "compacted", logStart: reader.varint() };
    case kinds.rejoinAsk:
      return { type: "rejoinAsk", nonce: reader.string(64), fillUpTo: reader.varint() - 1 };
    case kinds.rejoinTell:
      return { type: "rejoinTell", nonce: reader.string(64), maxOpened: reader.varint() - 1 };
    case kinds.barrierAsk:
      return { type: "barrierAsk", id: reader.varint() };
    case kinds.barrierTell:
      return { type: "barrierTell", id: reader.varint(), maxOpened: reader.varint() - 1 };
    default:
      throw new DecodeError(`Message kind ${kind} is not known`, reader.offset - 1);
  }
}

function readSlotMessage(reader: ByteReader, kind: number): SlotMessage {
  const slot = reader.varint();
  if (kind === kinds.proposal) return { type: "proposal", slot, value: readValue(reader) };
  const phase = reader.varint();
  const value = reader.u8();
  if (kind === kinds.state) {
    if (value > 1) throw new DecodeError(`Bit ${value} is not 0 or 1`, reader.offset - 1);
    return { type: "state", slot, phase, bit: value as Bit, value: readKnown(reader) };
  }
  if (value > 2) throw new DecodeError(`Vote ${value} is not 0, 1 or 2`, reader.offset - 1);
  return { type: "vote", slot, phase, vote: value as Vote, value: readKnown(reader) };
}

function readEntry(reader: ByteReader): LogEntry {
  const slot = reader.varint();
  const batches = reader.list(entriesMax, (from) => ({
    digest: readDigest(from),
    payload: from.bytes(payloadBytesMax),
  }));
  return { slot, batches };
}

function readDigest(reader: ByteReader): Digest {
  const { offset } = reader;
  const digest = reader.string(digestMax);
  // A value is digests with spaces in between.
  if (digest === "" || digest.includes(" ")) {
    throw new DecodeError(`"${digest}" is no digest`, offset);
  }
  return digest;
}

function readValue(reader: ByteReader): Value {
  return reader.string(valueMax);
}

function writeKnown(writer: ByteWriter, value: Value | undefined): void {
  if (value === undefined) writer.u8(0);
  else writer.u8(1).string(value);
}

function readKnown(reader: ByteReader): Value | undefined {
  const flag = reader.u8();
  if (flag > 1) throw new DecodeError(`Flag ${flag} is not 0 or 1`, reader.offset - 1);
  return flag === 0 ? undefined : readValue(reader);
}

const recordKinds = { batch: 1, sent: 2, decided: 3 } as const;

/** The bytes of a record. */
export function encodeRecord(record: ConsensusRecord, writer: ByteWriter): Uint8Array<ArrayBuffer> {
  writer.clear();
  writer.u8(recordKinds[record.type]);
  switch (record.type) {
    case "batch":
      writer.string(record.digest).bytes(record.payload);
      break;
    case "sent":
      writeMessage(writer, record.message);
      break;
    case "decided":
      writer.varint(record.slot).string(record.value);
      break;
  }
  return writer.view();
}

/**
 * Reads a record.
 *
 * @throws {DecodeError} when the bytes are no record.
 */
export function decodeRecord(bytes: Uint8Array): ConsensusRecord {
  const reader = new ByteReader(bytes);
  const record = readRecord(reader);
  reader.end();
  return record;
}

function readRecord(reader: ByteReader): ConsensusRecord {
  const kind = reader.u8();
  switch (kind) {
    case recordKinds.batch:
      return { type: "batch", digest: readDigest(reader), payload: reader.bytes(payloadBytesMax) };
    case recordKinds.sent: {
      const message = readMessage(reader);
      if (message.type !== "proposal" && message.type !== "state" && message.type !== "vote") {
        throw new DecodeError(`A ${message.type} message is never recorded`, 1);
      }
      return { type: "sent", message };
    }
    case recordKinds.decided:
      return { type: "decided", slot: reader.varint(), value: readValue(reader) };
    default:
      throw new DecodeError(`Record kind ${kind} is not known`, 0);
  }
}
