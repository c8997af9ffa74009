/**
 * Frames between gateways: calls to instances on another node, and their answers.
 *
 * Both say hello with their cluster's id, first the node that dials; then either may ask the other
 * with "ping" whether it is still there. A call names a version of a slice, not an instance: the
 * receiving gateway picks one of its own, and never forwards again. "notHosted" means that nothing
 * was executed, so the call may go elsewhere.
 *
 * @module
 */
import { ByteReader, ByteWriter, DecodeError } from "../../base/codec.ts";

/** How a forwarded call ended. */
const answerKinds = [
  "output",
  "problem",
  "notHosted",
  "lost",
  "timeout",
  "full",
  "aborted",
  /** The output follows as a stream; the body is its content type. */
  "stream",
  /** Messages follow both ways. */
  "socket",
] as const;
/** One of {@link answerKinds}. */
export type AnswerKind = typeof answerKinds[number];

/** A frame. */
export type GatewayFrame =
  | { readonly kind: "hello"; readonly cluster: string; readonly node: string }
  | {
    readonly kind: "call";
    readonly id: number;
    /** Coordinates of the version. */
    readonly artifact: string;
    readonly method: string;
    readonly requestId: string;
    readonly remainingMs: number;
    /** Raw path parameters; null for a call from a slice. */
    readonly pathParameters: string | null;
    readonly query: string;
    readonly body: string | Uint8Array | null;
    /** The body follows as a stream, once the callee gives credit. @default {false} */
    readonly hasStream?: boolean;
    readonly meta: string;
    /** Calls with the same key go to the same instance. @default {none} */
    readonly affinity?: string;
  }
  | {
    readonly kind: "answer";
    readonly id: number;
    readonly answer: AnswerKind;
    readonly status: number;
    readonly body: string;
    /** JSON of a `ResponseHead`. @default {none} */
    readonly head?: string;
  }
  | { readonly kind: "abort"; readonly id: number }
  /** A message of a call's stream, in either direction; see `io/flow.ts`. */
  | { readonly kind: "data"; readonly id: number; readonly message: string | Uint8Array }
  | {
    readonly kind: "end";
    readonly id: number;
    readonly code: number;
    readonly reason: string;
  }
  | { readonly kind: "credit"; readonly id: number; readonly cost: number }
  | { readonly kind: "ping" }
  | { readonly kind: "pong" };

const protocolVersion = 2;
const kinds = {
  hello: 1,
  call: 2,
  answer: 3,
  abort: 4,
  ping: 5,
  pong: 6,
  data: 7,
  end: 8,
  credit: 9,
} as const;
const streamBody = 3;
const messageBytesMax = 4 * 1024 * 1024;
const reasonBytesMax = 512;
/** Most bytes of a body in one frame. */
export const frameBodyBytesMax: number = 16 * 1024 * 1024;
const textMax = 64 * 1024;
/** Most bytes of an affinity key. */
const affinityBytesMax: number = 256;
/** Most bytes of a frame: a body and everything beside it. */
export const frameBytesMax: number = frameBodyBytesMax + 8 * textMax;

/** Whether a body does not fit into a frame. */
export function isBodyTooLarge(body: string | Uint8Array | null): boolean {
  if (body === null || body.length * 3 <= frameBodyBytesMax) return false;
  const bytes = typeof body === "string" ? new TextEncoder().encode(body).length : body.length;
  return bytes > frameBodyBytesMax;
}

/** Writes a frame into a writer, which keeps it until its next use. */
export function encodeGatewayFrame(
  frame: GatewayFrame,
  writer: ByteWriter,
): Uint8Array<ArrayBuffer> {
  writer.clear();
  writer.u8(kinds[frame.kind]);
  switch (frame.kind) {
    case "hello":
      writer.u8(protocolVersion).string(frame.cluster).string(frame.node);
      break;
    case "call":
      writer.varint(frame.id).string(frame.artifact).string(frame.method)
        .string(frame.requestId).varint(Math.max(0, Math.floor(frame.remainingMs)));
      if (frame.pathParameters === null) writer.u8(0);
      else writer.u8(1).string(frame.pathParameters);
      writer.string(frame.query);
      if (frame.hasStream === true) writer.u8(streamBody);
      else writeBody(writer, frame.body);
      writer.string(frame.meta).string(frame.affinity ?? "");
      break;
    case "answer":
      writer.varint(frame.id).u8(answerKinds.indexOf(frame.answer)).u16(frame.status)
        .string(frame.body).string(frame.head ?? "");
      break;
    case "abort":
      writer.varint(frame.id);
      break;
    case "data":
      writer.varint(frame.id);
      writeBody(writer, frame.message);
      break;
    case "end":
      writer.varint(frame.id).u16(frame.code).string(frame.reason);
      break;
    case "credit":
      writer.varint(frame.id).varint(frame.cost);
      break;
  }
  return writer.view();
}

/**
 * Reads a frame.
 *
 * @throws {DecodeError} when the bytes are no frame.
 */
export function decodeGatewayFrame(bytes: Uint8Array): GatewayFrame {
  const reader = new ByteReader(bytes);
  const frame = readFrame(reader);
  reader.end();
  return frame;
}

function readFrame(reader: ByteReader): GatewayFrame {
  const kind = reader.u8();
  switch (kind) {
    case kinds.hello: {
      const version = reader.u8();
      if (version !== protocolVersion) {
        throw new DecodeError(`Gateway protocol version ${version} is not known`, 1);
      }
      return { kind: "hello", cluster: reader.string(64), node: reader.string(64) };
    }
    case kinds.call:
      return readCall(reader);
    case kinds.answer: {
      const id = reader.varint();
      const answer = answerKinds[reader.u8()];
      if (answer === undefined) throw new DecodeError("Answer is not known", reader.offset - 1);
      const status = reader.u16();
      const body = reader.string(frameBodyBytesMax);
      const head = reader.string(textMax);
      const read = { kind: "answer", id, answer, status, body } as const;
      return head === "" ? read : { ...read, head };
    }
    case kinds.abort:
      return { kind: "abort", id: reader.varint() };
    case kinds.data: {
      const id = reader.varint();
      const message = readBody(reader, messageBytesMax);
      if (message === null) throw new DecodeError("A message is missing", reader.offset - 1);
      return { kind: "data", id, message };
    }
    case kinds.end:
      return {
        kind: "end",
        id: reader.varint(),
        code: reader.u16(),
        reason: reader.string(reasonBytesMax),
      };
    case kinds.credit:
      return { kind: "credit", id: reader.varint(), cost: reader.varint() };
    case kinds.ping:
      return { kind: "ping" };
    case kinds.pong:
      return { kind: "pong" };
    default:
      throw new DecodeError(`Frame kind ${kind} is not known`, 0);
  }
}

function readCall(reader: ByteReader): GatewayFrame {
  const head = {
    kind: "call",
    id: reader.varint(),
    artifact: reader.string(256),
    method: reader.string(64),
    requestId: reader.string(64),
    remainingMs: reader.varint(),
    pathParameters: reader.u8() === 0 ? null : reader.string(textMax),
    query: reader.string(textMax),
  } as const;
  const body = readBody(reader, frameBodyBytesMax, true);
  const meta = reader.string(textMax);
  const affinity = reader.string(affinityBytesMax);
  const call = body === streamMark
    ? { ...head, body: null, hasStream: true, meta }
    : { ...head, body, meta };
  return affinity === "" ? call : { ...call, affinity };
}

const streamMark = Symbol("stream");

function writeBody(writer: ByteWriter, body: string | Uint8Array | null): void {
  if (body === null) writer.u8(0);
  else if (typeof body === "string") writer.u8(1).string(body);
  else writer.u8(2).bytes(body);
}

function readBody(reader: ByteReader, bytesMax: number): string | Uint8Array | null;
function readBody(
  reader: ByteReader,
  bytesMax: number,
  mayFollow: true,
): string | Uint8Array | null | typeof streamMark;
function readBody(
  reader: ByteReader,
  bytesMax: number,
  mayFollow = false,
): string | Uint8Array | null | typeof streamMark {
  const kind = reader.u8();
  switch (kind) {
    case 0:
      return null;
    case 1:
      return reader.string(bytesMax);
    case 2:
      return reader.bytes(bytesMax);
    case streamBody:
      if (mayFollow) return streamMark;
      break;
  }
  throw new DecodeError(`${kind} is no kind of body`, reader.offset - 1);
}
