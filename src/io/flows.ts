/**
 * The streams of many calls that share one channel, by the number of their call.
 *
 * A call has at most one stream in each direction. The channel is a port to an instance or a link
 * to another gateway; both ends use this class.
 *
 * @module
 */
import { type FlowEnd, FlowReceiver, FlowSender, type Message } from "./flow.ts";

/** How frames of streams leave. */
export interface FlowChannel {
  /** Sends a message; false when the channel is full for now. */
  data(id: number, message: Message): boolean;
  end(id: number, end: FlowEnd): void;
  credit(id: number, cost: number): void;
}

interface CallFlows {
  sender: FlowSender | undefined;
  receiver: FlowReceiver | undefined;
}

/** Streams under way. */
export class Flows {
  readonly #channel: FlowChannel;
  readonly #calls = new Map<number, CallFlows>();

  constructor(channel: FlowChannel) {
    this.#channel = channel;
  }

  /** Calls with streams. */
  get size(): number {
    return this.#calls.size;
  }

  /** Whether a call has a stream. */
  has(id: number): boolean {
    return this.#calls.has(id);
  }

  /** Opens the outgoing stream of a call. */
  openSender(id: number): FlowSender {
    const sender = new FlowSender({
      data: (message) => this.#channel.data(id, message),
      end: (end) => this.#channel.end(id, end),
    });
    this.#of(id).sender = sender;
    return sender;
  }

  /** Opens the incoming stream of a call. */
  openReceiver(id: number, onCancel: () => void): FlowReceiver {
    const receiver = new FlowReceiver((cost) => {
      if (this.#calls.get(id)?.receiver === receiver) this.#channel.credit(id, cost);
    }, onCancel);
    this.#of(id).receiver = receiver;
    return receiver;
  }

  /** A message came; false when the other side had no room for it or there is no such stream. */
  onData(id: number, message: Message): boolean {
    const call = this.#calls.get(id);
    // Whoever has just closed a call still gets what was under way.
    return call?.receiver === undefined ? call !== undefined : call.receiver.push(message);
  }

  /** A stream ended. */
  onEnd(id: number, end: FlowEnd): void {
    this.#calls.get(id)?.receiver?.end(end);
  }

  /** The other side has read. */
  onCredit(id: number, cost: number): void {
    this.#calls.get(id)?.sender?.credit(cost);
  }

  /** The channel takes messages again. */
  wake(): void {
    for (const { sender } of this.#calls.values()) sender?.wake();
  }

  /** The incoming stream of a call. */
  receiver(id: number): FlowReceiver | undefined {
    return this.#calls.get(id)?.receiver;
  }

  /** Forgets a call: nothing is sent any more, and reading fails unless its end has come. */
  close(id: number, error: Error): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    call.sender?.close();
    if (call.receiver?.ended === undefined) call.receiver?.fail(error);
  }

  /** Forgets all calls. */
  closeAll(error: Error): void {
    for (const id of [...this.#calls.keys()]) this.close(id, error);
  }

  #of(id: number): CallFlows {
    let call = this.#calls.get(id);
    if (call === undefined) this.#calls.set(id, call = { sender: undefined, receiver: undefined });
    return call;
  }
}

/** Sends all of a stream, in pieces of 64 KiB at most, and its end; stops when nobody reads. */
export async function pump(
  source: AsyncIterable<Message>,
  sender: FlowSender,
  onSent: () => void = () => {},
): Promise<void> {
  for await (const message of source) {
    for (const piece of pieces(message)) {
      if (!await sender.send(piece)) return;
    }
    onSent();
  }
  sender.end();
}

const pieceBytes = 64 * 1024;

function pieces(message: Message): readonly Message[] {
  if (typeof message === "string" || message.length <= pieceBytes) return [message];
  const parts: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += pieceBytes) {
    parts.push(message.slice(at, at + pieceBytes));
  }
  return parts;
}
