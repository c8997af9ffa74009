/**
 * The pipes between the node and a slice process: plain messages in length-prefixed frames.
 *
 * Both ends use it. What comes out of a slice process is hostile input: it decodes to plain values
 * or fails, and whoever receives them checks their shape.
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../../base/codec.ts";
import { FRAME_HEADER_BYTES, FrameReader } from "../../base/transport/frame.ts";
import { type PlainValue, readValue, writeValue } from "./value_codec.ts";

/** Kinds of messages. */
export const pipeKind = {
  /** node -> host, once: what to run. */
  start: 1,
  /** Both ways: a batch of the gateway's port. */
  batch: 2,
  /** Both ways: a message of the resources port. */
  resource: 3,
  /** Both ways: the life cycle, as in `ToShell` and `FromShell`. */
  life: 4,
} as const;
/** One of {@link pipeKind}. */
export type PipeKind = typeof pipeKind[keyof typeof pipeKind];

/** One message. */
export interface PipeMessage {
  readonly kind: number;
  readonly value: PlainValue;
}

/** A message as the bytes of one frame; throws InvariantError when it is not plain. */
export function encodeMessage(kind: PipeKind, value: unknown): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u32(0).u8(kind);
  writeValue(writer, value);
  writer.patchU32(0, writer.length - FRAME_HEADER_BYTES);
  return writer.take();
}

/**
 * The messages of a pipe until its end.
 *
 * @throws {DecodeError} when the bytes are no messages, or one exceeds the limit.
 */
export async function* messagesOf(
  bytes: AsyncIterable<Uint8Array>,
  messageBytesMax: number,
): AsyncGenerator<PipeMessage> {
  const frames = new FrameReader(messageBytesMax);
  for await (const chunk of bytes) {
    frames.push(chunk);
    for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
      const reader = new ByteReader(frame);
      const kind = reader.u8();
      const value = readValue(reader);
      reader.end();
      yield { kind, value };
    }
  }
}

/** Writes messages in order; those of one turn of the loop leave together. */
export class PipeWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #queue: Uint8Array<ArrayBuffer>[] = [];
  #queuedBytes = 0;
  #isWriting = false;
  #isBroken = false;

  constructor(stream: WritableStream<Uint8Array<ArrayBuffer>>) {
    this.#writer = stream.getWriter();
  }

  /** Bytes that the other side has not taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Sends a message; after the other side has gone it is dropped. */
  send(kind: PipeKind, value: unknown): void {
    if (this.#isBroken) return;
    const bytes = encodeMessage(kind, value);
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    if (!this.#isWriting) {
      this.#isWriting = true;
      queueMicrotask(() => this.#write());
    }
  }

  /** Closes the pipe; what is queued is dropped. */
  async close(): Promise<void> {
    this.#isBroken = true;
    await this.#writer.abort().catch(() => {});
  }

  async #write(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const bytes = joined(this.#queue.splice(0));
        await this.#writer.write(bytes);
        this.#queuedBytes -= bytes.length;
      }
    } catch {
      // The other side has gone; whoever watches it says why.
      this.#isBroken = true;
      this.#queue.length = 0;
    }
    this.#isWriting = false;
  }
}

function joined(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
