/**
 * Frames between nodes on the cluster port, and their bytes.
 *
 * The first frame of a link is `hello`, both ways. Every frame starts with a kind; consensus frames
 * and heartbeats carry the sender's consensus header. Who the sender is, is known from the link. A
 * frame that cannot be read throws DecodeError, which closes that link and nothing else.
 *
 * @module
 */
import { ByteReader, ByteWriter, DecodeError } from "../../base/codec.ts";
import type { Header, Message } from "../consensus/message.ts";
import { type Hello, readHello, writeHello } from "./hello.ts";
import { readMessage, writeMessage } from "./message_codec.ts";

const kinds = {
  hello: 1,
  heartbeat: 2,
  consensus: 3,
  ask: 4,
  answer: 5,
  refusal: 6,
} as const;

const nodesMax = 1_000;
/** Most bytes of a question or of a piece of an answer. */
export const pieceBytesMax = 1024 * 1024;
const reasonBytesMax = 1_024;

/** What a refused node can make of it; "other" stands in the reason only. */
export const refusalCodes = ["other", "notAdded", "removed"] as const;
/** One of {@link refusalCodes}. */
export type RefusalCode = typeof refusalCodes[number];

/** A frame. */
export type PeerFrame =
  | { readonly kind: "hello"; readonly hello: Hello }
  /** Sent all the time, so that silence means something. */
  | {
    readonly kind: "heartbeat";
    readonly header: Header;
    /** Nodes that refuse the sender's connections at this moment. */
    readonly unreachable: readonly string[];
    /** Nodes that the sender believes to be down. */
    readonly down: readonly string[];
  }
  | { readonly kind: "consensus"; readonly header: Header; readonly message: Message }
  /** A question of one node to another, answered by `answer` frames of at most 64 KiB. */
  | {
    readonly kind: "ask";
    readonly id: number;
    readonly topic: string;
    readonly body: Uint8Array;
  }
  | {
    readonly kind: "answer";
    readonly id: number;
    readonly ok: boolean;
    readonly isLast: boolean;
    /** Where in the answer the bytes belong: a piece may have been lost with a link. */
    readonly offset: number;
    readonly bytes: Uint8Array;
  }
  /** The link is closed after this, and why. */
  | { readonly kind: "refusal"; readonly reason: string; readonly code: RefusalCode };

/** Writes a frame. */
export function encodeFrame(frame: PeerFrame, writer: ByteWriter): Uint8Array<ArrayBuffer> {
  writer.clear();
  writer.u8(kinds[frame.kind]);
  switch (frame.kind) {
    case "hello":
      writeHello(writer, frame.hello);
      break;
    case "heartbeat":
      writeHeader(writer, frame.header);
      writer.list(frame.unreachable, (id, to) => to.string(id));
      writer.list(frame.down, (id, to) => to.string(id));
      break;
    case "consensus":
      writeHeader(writer, frame.header);
      writeMessage(writer, frame.message);
      break;
    case "ask":
      writer.varint(frame.id).string(frame.topic).bytes(frame.body);
      break;
    case "answer":
      writer.varint(frame.id).u8(frame.ok ? 1 : 0).u8(frame.isLast ? 1 : 0)
        .varint(frame.offset).bytes(frame.bytes);
      break;
    case "refusal":
      writer.string(frame.reason).u8(refusalCodes.indexOf(frame.code));
      break;
  }
  return writer.view();
}

/**
 * Reads a frame.
 *
 * @throws {DecodeError} when the bytes are no frame.
 */
export function decodeFrame(bytes: Uint8Array): PeerFrame {
  const reader = new ByteReader(bytes);
  const frame = readFrame(reader);
  reader.end();
  return frame;
}

function readFrame(reader: ByteReader): PeerFrame {
  const kind = reader.u8();
  switch (kind) {
    case kinds.hello:
      return { kind: "hello", hello: readHello(reader) };
    case kinds.heartbeat: {
      const header = readHeader(reader);
      const unreachable = reader.list(nodesMax, readId);
      return { kind: "heartbeat", header, unreachable, down: reader.list(nodesMax, readId) };
    }
    case kinds.consensus: {
      const header = readHeader(reader);
      return { kind: "consensus", header, message: readMessage(reader) };
    }
    case kinds.ask: {
      const id = reader.varint();
      const topic = reader.string(64);
      return { kind: "ask", id, topic, body: reader.bytes(pieceBytesMax) };
    }
    case kinds.answer: {
      const id = reader.varint();
      const ok = readFlag(reader);
      const isLast = readFlag(reader);
      const offset = reader.varint();
      return { kind: "answer", id, ok, isLast, offset, bytes: reader.bytes(pieceBytesMax) };
    }
    case kinds.refusal:
      return readRefusal(reader);
    default:
      throw new DecodeError(`Frame kind ${kind} is not known`, 0);
  }
}

function readRefusal(reader: ByteReader): PeerFrame {
  const reason = reader.string(reasonBytesMax);
  const code = refusalCodes[reader.u8()];
  if (code === undefined) throw new DecodeError("Refusal is not known", reader.offset - 1);
  return { kind: "refusal", reason, code };
}

function writeHeader(writer: ByteWriter, header: Header): void {
  // Slots start at 0, so "nothing decided" is -1.
  writer.varint(header.decidedUpTo + 1).u8(header.resent ? 1 : 0);
}

function readHeader(reader: ByteReader): Header {
  const decidedUpTo = reader.varint() - 1;
  return { decidedUpTo, resent: readFlag(reader) };
}

function readId(reader: ByteReader): string {
  return reader.string(64);
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.u8();
  if (flag > 1) throw new DecodeError(`Flag ${flag} is not 0 or 1`, reader.offset - 1);
  return flag === 1;
}
