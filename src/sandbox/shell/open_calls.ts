/**
 * Calls that last in an instance: bodies that are read as they come, outputs that are streams, and
 * sockets.
 *
 * @module
 */
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { BatchPort } from "../../io/batch_port.ts";
import type { FlowReceiver, FlowSender, Message } from "../../io/flow.ts";
import { Flows, pump } from "../../io/flows.ts";
import { type Batch, frame, replyKind } from "../../protocol/thread/instance.ts";
import type { Conversation, Socket, StreamSpec } from "../../sdk/streams.ts";
import { currentCall, type InstanceCall } from "./call.ts";

type SocketSpec = Extract<StreamSpec, { readonly kind: "socket" }>;
type BytesSpec = Exclude<StreamSpec, SocketSpec>;

const encoder = new TextEncoder();
/** Longest reason in a close frame, in bytes (RFC 6455 section 5.5). */
const closeReasonMax = 120;

/** Streams of one instance's calls. */
export class OpenCalls {
  readonly #port: () => BatchPort | undefined;
  readonly #flows: Flows;
  /** Take back what waits for the end of a call, by the stream that the call reads. */
  readonly #reads = new Map<number, () => void>();

  /** @param port where frames leave; another one after a restart of the gateway */
  constructor(port: () => BatchPort | undefined) {
    this.#port = port;
    this.#flows = new Flows({
      data: (id, message) => {
        port()?.sendData(frame.data, id, message);
        return true;
      },
      end: (id, { code, reason }) => port()?.send(frame.end, id, code, reason),
      credit: (id, cost) => port()?.send(frame.credit, id, cost),
    });
  }

  /** The body of a call as it comes. */
  body(id: number, call: InstanceCall): ReadableStream<Uint8Array> {
    const { messages } = this.#flows.openReceiver(id, () => {});
    const progress = new TransformStream<Message, Uint8Array>(
      {
        transform: (message, controller) => {
          call.progress();
          controller.enqueue(typeof message === "string" ? encoder.encode(message) : message);
        },
      },
      undefined,
      { highWaterMark: 0 },
    );
    const body = messages.pipeThrough(progress);
    return body;
  }

  /** The stream that answers a call to another slice; it ends with the call that reads it. */
  receive(id: number, call: InstanceCall | undefined): ReadableStream<Uint8Array> {
    const receiver = this.#flows.openReceiver(id, () => this.endReceive(id));
    const forget = call?.onEnd(() => this.endReceive(id));
    if (forget !== undefined && this.#flows.has(id)) this.#reads.set(id, forget);
    return receiver.messages as ReadableStream<Uint8Array>;
  }

  /** Nobody reads the stream of a call to another slice any more. */
  endReceive(id: number): void {
    if (!this.#flows.has(id)) return;
    this.#port()?.send(frame.abort, id);
    this.close(id);
  }

  /** Answers a call with a stream or a socket; resolves when that has ended. */
  async answer(
    id: number,
    call: InstanceCall,
    spec: StreamSpec,
    answer: { readonly status: number; readonly output: unknown },
  ): Promise<void> {
    call.lasts();
    try {
      if (spec.kind === "socket") {
        await this.#converse(id, call, spec, answer.output as Conversation<unknown, unknown>);
      } else await this.#stream(id, call, spec, answer);
    } finally {
      this.close(id);
    }
  }

  /** A frame of a stream. */
  onFrame(batch: Batch, at: number): void {
    const id = batch[at + 1] as number;
    const first = batch[at + 2];
    switch (batch[at]) {
      case frame.data:
        this.#flows.onData(id, first as Message);
        break;
      case frame.end:
        this.#flows.onEnd(id, { code: first as number, reason: batch[at + 3] as string });
        // What is under way to this side only is over; what has arrived is still read.
        if (id < 0) this.close(id);
        break;
      case frame.credit:
        this.#flows.onCredit(id, first as number);
        break;
    }
  }

  /** The call has ended: so have its streams. */
  close(id: number): void {
    this.#reads.get(id)?.();
    this.#reads.delete(id);
    this.#flows.close(id, new AetherError("CALL_ENDED", "The call has ended"));
  }

  /** Ends all streams: the gateway is another one. */
  closeAll(): void {
    for (const forget of this.#reads.values()) forget();
    this.#reads.clear();
    this.#flows.closeAll(new AetherError("NO_INSTANCE", "The gateway restarted during the call"));
  }

  async #stream(
    id: number,
    call: InstanceCall,
    spec: BytesSpec,
    { status, output }: { readonly status: number; readonly output: unknown },
  ): Promise<void> {
    const sender = this.#flows.openSender(id);
    this.#port()?.send(frame.reply, id, replyKind.stream, status, spec.contentType, call.head);
    try {
      const items = encoded(spec, output as AsyncIterable<unknown>);
      await currentCall.run(call, () => pump(items, sender));
    } catch (error) {
      sender.end({ code: 1, reason: "The slice failed while it answered" });
      if (!call.isAborted) logFailure(call, "A stream failed", error);
    }
  }

  async #converse(
    id: number,
    call: InstanceCall,
    spec: SocketSpec,
    conversation: Conversation<unknown, unknown>,
  ): Promise<void> {
    const sender = this.#flows.openSender(id);
    const receiver = this.#flows.openReceiver(id, () => {});
    this.#port()?.send(frame.reply, id, replyKind.socket, 101, "");
    const socket = new InstanceSocket(spec, sender, receiver);
    try {
      await currentCall.run(call, () => conversation(socket));
      socket.close(1000);
    } catch (error) {
      socket.close(1011, "The slice failed");
      if (!call.isAborted) logFailure(call, "A socket failed", error);
    }
  }
}

function logFailure(call: InstanceCall, message: string, error: unknown): void {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  call.log.error(message, { error: text });
}

async function* encoded(
  spec: BytesSpec,
  output: AsyncIterable<unknown>,
): AsyncGenerator<Message, void, void> {
  for await (const item of output) {
    if (spec.kind === "events") yield encoder.encode(`data: ${JSON.stringify(item)}\n\n`);
    else if (item instanceof Uint8Array) yield item;
    else if (typeof item === "string") yield encoder.encode(item);
    else throw new AetherError("OUTPUT_INVALID", "A stream of bytes holds something else");
  }
}

class InstanceSocket implements Socket<unknown, unknown> {
  readonly #spec: SocketSpec;
  readonly #sender: FlowSender;
  readonly #receiver: FlowReceiver;

  constructor(spec: SocketSpec, sender: FlowSender, receiver: FlowReceiver) {
    this.#spec = spec;
    this.#sender = sender;
    this.#receiver = receiver;
  }

  async send(message: unknown): Promise<void> {
    const parsed = this.#spec.send.safeParse(message);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new AetherError(
        "OUTPUT_INVALID",
        `A message does not match its contract: ${issue?.path.join(".")} ${issue?.message}`,
      );
    }
    const { data } = parsed;
    const isRaw = data instanceof Uint8Array ||
      (this.#spec.format === "text" && typeof data === "string");
    await this.#sender.send(isRaw ? data as Message : JSON.stringify(data));
  }

  close(code = 1000, reason = ""): void {
    this.#sender.end({ code, reason: reason.slice(0, closeReasonMax) });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<unknown, void, void> {
    try {
      for await (const message of this.#receiver.messages) {
        const parsed = this.#parse(message);
        if (!parsed.success) {
          this.close(1007, "The message does not match the contract");
          return;
        }
        yield parsed.data;
      }
    } catch (error) {
      // Whoever was at the other end has gone, which is an end like any other.
      if (toAetherError(error).name === "INTERNAL") throw error;
    }
  }

  #parse(message: Message): { readonly success: boolean; readonly data?: unknown } {
    const { receive, format } = this.#spec;
    if (typeof message !== "string" || format === "text") return receive.safeParse(message);
    try {
      return receive.safeParse(JSON.parse(message));
    } catch {
      return { success: false };
    }
  }
}
