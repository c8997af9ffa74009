/**
 * Calls of one target that last: bodies under way to it, outputs that stream from it, sockets.
 *
 * The part that a link to an instance and a link to another gateway have in common.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import type { FlowEnd, Message } from "../io/flow.ts";
import { type FlowChannel, Flows, pump } from "../io/flows.ts";
import type { OpenSocket, OpenStream } from "./call.ts";

/** Longest message of a stream: a shell sends pieces of 64 KiB, a socket 1 MiB. */
const messageLengthMax = 1024 * 1024;
const eventsType = "text/event-stream";
/** Close code of a socket whose service goes away (RFC 6455 section 7.4.1). */
const goingAway = 1001;

/** What the target must do. */
export interface OpenCallsOptions extends FlowChannel {
  /** Tells the target that nobody waits for a call any more. */
  abort(id: number): void;
  /** A call has ended for good. */
  onClosed?(): void;
}

interface Open {
  readonly kind: "stream" | "socket";
  /** Ends by itself only when somebody goes. */
  readonly isEndless: boolean;
}

/** Calls that last. */
export class OpenCalls {
  readonly #options: OpenCallsOptions;
  readonly #flows: Flows;
  readonly #open = new Map<number, Open>();
  /** Streams of other targets that this one reads. */
  readonly #relayed = new Map<number, OpenStream>();
  /** Bodies that wait until the target has taken their call. */
  readonly #deferred = new Map<number, () => void>();

  constructor(options: OpenCallsOptions) {
    this.#options = options;
    this.#flows = new Flows(options);
  }

  /** Outputs and sockets under way. */
  get size(): number {
    return this.#open.size;
  }

  /** Whether a call has been answered with an output that lasts. */
  has(id: number): boolean {
    return this.#open.has(id);
  }

  /** Like `sendBody`, once the target has given credit: untouched, it may go elsewhere. */
  deferBody(id: number, body: ReadableStream<Uint8Array>, onProgress: () => void): void {
    this.#deferred.set(id, () => this.sendBody(id, body, onProgress));
  }

  /** Sends the body of a call, piece by piece; `onProgress` is told of each. */
  sendBody(id: number, body: ReadableStream<Uint8Array>, onProgress: () => void): void {
    const sender = this.#flows.openSender(id);
    pump(body, sender, onProgress).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : "The body could not be read";
      sender.end({ code: 1, reason });
    });
  }

  /** Passes on what another target streams, until its end, or until `endRelay()`. */
  relay(id: number, stream: OpenStream, onEnd: () => void): void {
    const sender = this.#flows.openSender(id);
    this.#relayed.set(id, stream);
    pump(stream.body, sender).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : "The stream failed";
      sender.end({ code: 1, reason });
    }).finally(() => {
      this.endRelay(id);
      onEnd();
    });
  }

  /** Nobody reads what is passed on any more. */
  endRelay(id: number): void {
    const stream = this.#relayed.get(id);
    if (stream === undefined) return;
    this.#relayed.delete(id);
    stream.cancel();
    this.#flows.close(id, new AetherError("CALL_ENDED", "Nobody reads the stream"));
  }

  /** The call was answered with a stream. */
  stream(id: number, status: number, contentType: string): OpenStream {
    this.#open.set(id, { kind: "stream", isEndless: contentType.startsWith(eventsType) });
    const { messages } = this.#flows.openReceiver(id, () => this.abort(id));
    const body = messages as ReadableStream<Uint8Array>;
    return { kind: "stream", status, contentType, body, cancel: () => this.abort(id) };
  }

  /** The call was answered with a socket. */
  socket(id: number): OpenSocket {
    this.#open.set(id, { kind: "socket", isEndless: true });
    const receiver = this.#flows.openReceiver(id, () => this.abort(id));
    const sender = this.#flows.openSender(id);
    return {
      kind: "socket",
      messages: receiver.messages,
      ended: () => receiver.ended,
      sender,
      close: (end) => {
        if (!this.#open.has(id)) return;
        if (sender.waiting > 0) this.#options.abort(id);
        else sender.end(end);
        this.#forget(id, "The client has gone");
      },
    };
  }

  /** A message came; false when it may not have been sent. */
  onData(id: number, message: unknown): boolean {
    const open = this.#open.get(id);
    // It was under way when the call ended here.
    if (open === undefined) return true;
    const isText = typeof message === "string";
    const isValid = (isText && open.kind === "socket") || message instanceof Uint8Array;
    if (!isValid || message.length > messageLengthMax) return this.#refuse(id);
    return this.#flows.onData(id, message as Message) || this.#refuse(id);
  }

  /** The target has ended its stream. */
  onEnd(id: number, end: FlowEnd): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    const { code } = end;
    const isCloseCode = code >= 1000 && code <= 4999;
    const valid = open.kind === "socket" && !isCloseCode ? { ...end, code: 1011 } : end;
    this.#flows.onEnd(id, valid);
    this.#forget(id, "");
  }

  /** The target has read. */
  onCredit(id: number, cost: number): void {
    const start = this.#deferred.get(id);
    if (start === undefined) {
      this.#flows.onCredit(id, cost);
      return;
    }
    this.#deferred.delete(id);
    start();
  }

  /** The target takes messages again. */
  wake(): void {
    this.#flows.wake();
  }

  /** Nobody waits for the call any more. */
  abort(id: number): void {
    if (!this.#flows.has(id)) return;
    this.#options.abort(id);
    this.#forget(id, "The call was aborted");
  }

  /** The call has its answer: nothing of its body is sent any more. */
  answered(id: number): void {
    if (this.#deferred.size > 0) this.#deferred.delete(id);
    if (this.#flows.size > 0) this.#forget(id, "The call has its answer");
  }

  /** Ends what would never end by itself, so that its clients connect again elsewhere. */
  endEndless(): void {
    for (const [id, { kind, isEndless }] of this.#open) {
      if (!isEndless) continue;
      const code = kind === "socket" ? goingAway : 0;
      this.#flows.onEnd(id, { code, reason: "The service moves" });
      this.#options.abort(id);
      this.#forget(id, "");
    }
  }

  /** The target has gone: whoever reads is told at once. */
  lose(): void {
    for (const id of [...this.#relayed.keys()]) this.endRelay(id);
    for (const [id, { kind }] of this.#open) {
      if (kind === "socket") this.#flows.onEnd(id, { code: goingAway, reason: "" });
    }
    this.#open.clear();
    this.#deferred.clear();
    this.#flows.closeAll(new AetherError("NO_INSTANCE", "The instance ended during the call"));
  }

  #refuse(id: number): false {
    this.#options.abort(id);
    this.#forget(id, "The instance sent what it may not send");
    return false;
  }

  #forget(id: number, reason: string): void {
    this.#open.delete(id);
    this.#deferred.delete(id);
    this.#flows.close(id, new AetherError("CALL_ENDED", reason));
    this.#options.onClosed?.();
  }
}
