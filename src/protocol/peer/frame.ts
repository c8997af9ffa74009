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
} as const;

const nodesMax = 1_000;
const pieceBytesMax = 1024 * 1024;

/** A frame. */
export type PeerFrame =
  | { readonly kind: "hello"; readonly hello: Hello }
  /** Sent all the time, so that silence means something. */
  | {
    readonly kind: "heartbeat";
    readonly header: Header;
    /** Members that the sender cannot reach at this moment. */
    readonly unreachable: readonly string[];
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
    readonly bytes: Uint8Array;
  };

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
      break;
    case "consensus":
      writeHeader(writer, frame.header);
      writeMessage(writer, frame.message);
      break;
    case "ask":
      writer.varint(frame.id).string(frame.topic).bytes(frame.body);
      break;
    case "answer":
      writer.varint(frame.id).u8(frame.ok ? 1 : 0).u8(frame.isLast ? 1 : 0).bytes(frame.bytes);
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
      const unreachable = reader.list(nodesMax, (from) => from.string(64));
      return { kind: "heartbeat", header, unreachable };
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
      const ok = reader.u8() === 1;
      const isLast = reader.u8() === 1;
      return { kind: "answer", id, ok, isLast, bytes: reader.bytes(pieceBytesMax) };
    }
    default:
      throw new DecodeError(`Frame kind ${kind} is not known`, 0);
  }
}

function writeHeader(writer: ByteWriter, header: Header): void {
  // Slots start at 0, so "nothing decided" is -1.
  writer.varint(header.decidedUpTo + 1).u8(header.resent ? 1 : 0);
}

function readHeader(reader: ByteReader): Header {
  const decidedUpTo = reader.varint() - 1;
  return { decidedUpTo, resent: reader.u8() === 1 };
}
