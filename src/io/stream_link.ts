/**
 * Frames over a stream of bytes: the {@link Link} of every transport that has a network.
 *
 * Frames of one event-loop turn leave in one write, because a write costs the same for one frame as
 * for hundreds; only what is much does not wait for the end of the turn. The stream below is plain
 * TCP or TLS; it brings bytes in order and says when it has ended.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { assert } from "../base/assert.ts";
import { ByteWriter, DecodeError } from "../base/codec.ts";
import { FRAME_HEADER_BYTES, FrameReader, writeFrame } from "../base/transport/frame.ts";
import type { Address, Link, LinkHandlers, TransportLimits } from "../base/transport/transport.ts";

/** So much is written at once: the other end begins to read, and buffers stay small. */
const promptBytes = 128 * 1024;

/** A connection as bytes. */
export interface ByteStream {
  readonly remote: Address;
  /** See {@link Link.certifiedNode}. */
  readonly certifiedNode?: string | undefined;
  /** Starts reading; call once. A chunk may be reused as soon as `onBytes` returns. */
  start(handlers: ByteHandlers): void;
  /** Writes all; the bytes may be reused when it resolves. Rejects when the connection breaks. */
  write(bytes: Uint8Array): Promise<void>;
  /** Closes at once, without telling the handlers. */
  close(): void;
}

/** What a {@link ByteStream} calls. */
export interface ByteHandlers {
  onBytes(chunk: Uint8Array): void;
  /** Nothing more will come. */
  onEnd(reason: string): void;
}

/** A link over a stream that is open. */
export class StreamLink implements Link {
  readonly remote: Address;
  readonly certifiedNode: string | undefined;
  readonly #stream: ByteStream;
  readonly #limits: TransportLimits;
  readonly #onGone: () => void;
  readonly #frames: FrameReader;
  #handlers: LinkHandlers | undefined;
  #closeReason: string | undefined;
  /** Frames of this turn, and those that wait for the write under way. */
  #pending = new ByteWriter();
  #spare = new ByteWriter();
  #writingBytes = 0;
  #isScheduled = false;
  #isWriting = false;
  #isDrainWanted = false;

  /** Calls `onGone` when the link is closed, whoever closed it. */
  constructor(stream: ByteStream, limits: TransportLimits, onGone: () => void) {
    this.remote = stream.remote;
    this.certifiedNode = stream.certifiedNode;
    this.#stream = stream;
    this.#limits = limits;
    this.#onGone = onGone;
    this.#frames = new FrameReader(limits.maxFrameBytes);
  }

  get queuedBytes(): number {
    return this.#pending.length + this.#writingBytes;
  }

  start(handlers: LinkHandlers): void {
    assert(this.#handlers === undefined, "The link is started already");
    this.#handlers = handlers;
    if (this.#closeReason !== undefined) return this.#notifyClosed();
    this.#stream.start({
      onBytes: (chunk) => this.#onBytes(chunk, handlers),
      onEnd: (reason) => this.close(reason),
    });
  }

  send(frame: Uint8Array): boolean {
    const { maxFrameBytes, maxQueuedBytes } = this.#limits;
    assert(frame.length > 0 && frame.length <= maxFrameBytes, `Frame of ${frame.length} bytes`);
    if (this.#closeReason !== undefined) return false;
    if (this.queuedBytes + FRAME_HEADER_BYTES + frame.length > maxQueuedBytes) {
      this.#isDrainWanted = true;
      return false;
    }
    writeFrame(this.#pending, frame);
    if (this.#isWriting) return true;
    if (this.#pending.length >= promptBytes) this.#flush();
    else if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        if (!this.#isWriting) this.#flush();
      });
    }
    return true;
  }

  close(reason = "Closed by this side"): void {
    if (this.#closeReason !== undefined) return;
    this.#closeReason = reason;
    this.#pending.clear();
    this.#stream.close();
    this.#onGone();
    this.#notifyClosed();
  }

  async #flush(): Promise<void> {
    this.#isWriting = true;
    while (this.#pending.length > 0 && this.#closeReason === undefined) {
      const batch = this.#pending;
      this.#pending = this.#spare;
      this.#spare = batch;
      this.#writingBytes = batch.length;
      try {
        await this.#stream.write(batch.view());
      } catch (thrown) {
        this.close(`Sending failed: ${thrown instanceof Error ? thrown.message : thrown}`);
      }
      this.#writingBytes = 0;
      batch.clear();
      this.#announceDrain();
    }
    this.#isWriting = false;
  }

  #announceDrain(): void {
    if (!this.#isDrainWanted || this.queuedBytes > this.#limits.maxQueuedBytes / 2) return;
    this.#isDrainWanted = false;
    if (this.#closeReason === undefined) this.#handlers?.onDrain?.();
  }

  #onBytes(chunk: Uint8Array, handlers: LinkHandlers): void {
    if (this.#closeReason !== undefined) return;
    const frames = this.#frames;
    try {
      frames.push(chunk);
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        handlers.onFrame(frame);
        if (this.#closeReason !== undefined) return;
      }
    } catch (thrown) {
      if (!(thrown instanceof DecodeError)) throw thrown;
      this.close(`Frame refused: ${thrown.message}`);
    }
  }

  #notifyClosed(): void {
    const handlers = this.#handlers;
    if (handlers === undefined) return;
    const reason = this.#closeReason ?? "Closed";
    queueMicrotask(() => handlers.onClose(reason));
  }
}
