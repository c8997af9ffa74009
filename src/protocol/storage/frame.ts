/**
 * Frames between the storage threads of two nodes, and their bytes.
 *
 * Both say hello, first the one that dials. Then either asks the other, by topic and number, and
 * sends news that need no answer. A frame that cannot be read throws DecodeError, which closes that
 * link and nothing else.
 *
 * @module
 */
import { ByteReader, type ByteWriter, DecodeError } from "../../base/codec.ts";

const protocolVersion = 1;
const kinds = { hello: 1, ask: 2, answer: 3, tell: 4, ping: 5, pong: 6 } as const;
const textMax = 64;
/** Most bytes of a question, an answer or news. */
export const storageBodyBytesMax: number = 4 * 1024 * 1024;
/** Most bytes of a frame: a body and everything beside it. */
export const storageFrameBytesMax: number = storageBodyBytesMax + 1024;

/** A frame. */
export type StorageFrame =
  | { readonly kind: "hello"; readonly cluster: string; readonly node: string }
  | {
    readonly kind: "ask";
    readonly id: number;
    readonly topic: string;
    /** How long the asker waits. */
    readonly remainingMs: number;
    readonly body: Uint8Array;
  }
  /** `ok`: the answer; else the problem as JSON. */
  | {
    readonly kind: "answer";
    readonly id: number;
    readonly ok: boolean;
    readonly body: Uint8Array;
  }
  | { readonly kind: "tell"; readonly topic: string; readonly body: Uint8Array }
  | { readonly kind: "ping" }
  | { readonly kind: "pong" };

/** Writes a frame into a writer, which keeps it until its next use. */
export function encodeStorageFrame(
  frame: StorageFrame,
  writer: ByteWriter,
): Uint8Array<ArrayBuffer> {
  writer.clear();
  writer.u8(kinds[frame.kind]);
  switch (frame.kind) {
    case "hello":
      writer.u8(protocolVersion).string(frame.cluster).string(frame.node);
      break;
    case "ask":
      writer.varint(frame.id).string(frame.topic)
        .varint(Math.max(0, Math.floor(frame.remainingMs))).bytes(frame.body);
      break;
    case "answer":
      writer.varint(frame.id).u8(frame.ok ? 1 : 0).bytes(frame.body);
      break;
    case "tell":
      writer.string(frame.topic).bytes(frame.body);
      break;
  }
  return writer.view();
}

/**
 * Reads a frame.
 *
 * @throws {DecodeError} when the bytes are no frame.
 */
export function decodeStorageFrame(bytes: Uint8Array): StorageFrame {
  const reader = new ByteReader(bytes);
  const frame = readFrame(reader);
  reader.end();
  return frame;
}

function readFrame(reader: ByteReader): StorageFrame {
  const kind = reader.u8();
  switch (kind) {
    case kinds.hello: {
      const version = reader.u8();
      if (version !== protocolVersion) {
        throw new DecodeError(`Storage protocol version ${version} is not known`, 1);
      }
      return { kind: "hello", cluster: reader.string(textMax), node: reader.string(textMax) };
    }
    case kinds.ask: {
      const id = reader.varint();
      const topic = reader.string(textMax);
      const remainingMs = reader.varint();
      return { kind: "ask", id, topic, remainingMs, body: reader.bytes(storageBodyBytesMax) };
    }
    case kinds.answer: {
      const id = reader.varint();
      const flag = reader.u8();
      if (flag > 1) throw new DecodeError(`Flag ${flag} is not 0 or 1`, reader.offset - 1);
      return { kind: "answer", id, ok: flag === 1, body: reader.bytes(storageBodyBytesMax) };
    }
    case kinds.tell: {
      const topic = reader.string(textMax);
      return { kind: "tell", topic, body: reader.bytes(storageBodyBytesMax) };
    }
    case kinds.ping:
      return { kind: "ping" };
    case kinds.pong:
      return { kind: "pong" };
    default:
      throw new DecodeError(`Frame kind ${kind} is not known`, 0);
  }
}
