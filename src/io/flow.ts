/**
 * One direction of a stream between two threads or nodes: messages in order, with credit.
 *
 * The sender may have {@link flowWindow} of messages under way; the receiver gives credit back as
 * they are read, so a slow reader stops the source and no buffer grows. Instances, gateways and
 * links between gateways all use it; {@link Flows} in `flows.ts` keeps many by the number of their
 * call.
 *
 * @module
 */

/** Bytes, or text of a socket. */
export type Message = string | Uint8Array;

/** Cost of the messages that a sender may have under way. */
export const flowWindow = 256 * 1024;
/** Credit that is returned at once rather than later. */
const creditStep = flowWindow / 4;
/** Cost of a message beside its length, so that empty ones count as well. */
const messageCost = 32;

/** Why a stream ended: 0 for its regular end, a close code for sockets, 1 for a failure. */
export interface FlowEnd {
  readonly code: number;
  readonly reason: string;
}

/** The regular end of a stream. */
const regularEnd: FlowEnd = Object.freeze({ code: 0, reason: "" });

/** What a message costs of the window; text by its UTF-16 length. */
function costOf(message: Message): number {
  return message.length + messageCost;
}

/** How a sender's messages leave. */
export interface FlowOutput {
  /** Sends a message; false when it must wait until `wake()`. */
  data(message: Message): boolean;
  end(end: FlowEnd): void;
}

interface Waiting {
  readonly message: Message;
  resolve(isSent: boolean): void;
}

/** The sending side. */
export class FlowSender {
  readonly #output: FlowOutput;
  readonly #queue: Waiting[] = [];
  #room = flowWindow;
  #end: FlowEnd | undefined;
  #isClosed = false;

  constructor(output: FlowOutput) {
    this.#output = output;
  }

  /** Whether nothing can be sent any more. */
  get isClosed(): boolean {
    return this.#isClosed || this.#end !== undefined;
  }

  /** Messages that wait for room. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Sends a message; resolves when it has left, with false when nobody wants it any more. */
  send(message: Message): Promise<boolean> {
    if (this.isClosed) return Promise.resolve(false);
    if (this.#queue.length === 0 && this.#transmit(message)) return Promise.resolve(true);
    return new Promise((resolve) => this.#queue.push({ message, resolve }));
  }

  /** Ends the stream after what waits. */
  end(end: FlowEnd = regularEnd): void {
    if (this.isClosed) return;
    this.#end = end;
    this.#flush();
  }

  /** The receiver has read so much. */
  credit(cost: number): void {
    if (!(cost > 0)) return;
    this.#room = Math.min(flowWindow, this.#room + cost);
    this.#flush();
  }

  /** The output takes messages again. */
  wake(): void {
    if (this.#queue.length > 0) this.#flush();
  }

  /** The receiver has gone: what waits is dropped. */
  close(): void {
    this.#isClosed = true;
    for (const { resolve } of this.#queue.splice(0)) resolve(false);
  }

  #flush(): void {
    while (!this.#isClosed) {
      const next = this.#queue.shift();
      if (next === undefined) break;
      if (!this.#transmit(next.message)) {
        this.#queue.unshift(next);
        return;
      }
      next.resolve(true);
    }
    if (this.#end === undefined || this.#isClosed) return;
    this.#isClosed = true;
    this.#output.end(this.#end);
  }

  #transmit(message: Message): boolean {
    if (this.#room <= 0) return false;
    const cost = costOf(message);
    this.#room -= cost;
    if (this.#output.data(message)) return true;
    this.#room += cost;
    return false;
  }
}

/** The receiving side: a stream that is read at the pace of its reader. */
export class FlowReceiver {
  /** What was sent; fails when the sender did. */
  readonly messages: ReadableStream<Message>;
  /** How it ended; undefined before. */
  ended: FlowEnd | undefined;
  readonly #giveCredit: (cost: number) => void;
  readonly #queue: Message[] = [];
  #controller: ReadableStreamDefaultController<Message> | undefined;
  #pulled: (() => void) | undefined;
  #unread = 0;
  #uncredited = 0;
  #isDone = false;

  /**
   * @param giveCredit tells the sender that so much was read
   * @param onCancel called when the reader wants no more
   */
  constructor(giveCredit: (cost: number) => void, onCancel: () => void) {
    this.#giveCredit = giveCredit;
    this.messages = new ReadableStream<Message>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#pull(),
      cancel: () => {
        this.#isDone = true;
        onCancel();
      },
    }, { highWaterMark: 0 });
  }

  /** Takes a message; false when the sender had no room for it. */
  push(message: Message): boolean {
    if (this.#isDone || this.ended !== undefined) return true;
    if (this.#unread >= flowWindow) return false;
    this.#unread += costOf(message);
    this.#queue.push(message);
    this.#deliver();
    return true;
  }

  /** The sender has ended; what arrived is still read. */
  end(end: FlowEnd): void {
    this.ended ??= end;
    this.#deliver();
  }

  /** The sender has gone: reading fails at once. */
  fail(error: Error): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#controller?.error(error);
    this.#pulled?.();
  }

  #pull(): Promise<void> | void {
    if (this.#isDone) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pulled = resolve;
    this.#deliver();
    return promise;
  }

  /** Hands one message to a reader that waits for it. */
  #deliver(): void {
    const pulled = this.#pulled;
    if (this.#queue.length > 0) {
      if (pulled === undefined) return;
      this.#pulled = undefined;
      const message = this.#queue.shift() ?? "";
      this.#controller?.enqueue(message);
      this.#read(costOf(message));
    } else if (this.ended !== undefined && !this.#isDone) {
      this.#isDone = true;
      if (this.ended.code === 1) this.#controller?.error(new Error(this.ended.reason));
      else this.#controller?.close();
    } else return;
    pulled?.();
  }

  #read(cost: number): void {
    this.#unread -= cost;
    this.#uncredited += cost;
    if (this.#uncredited < creditStep || this.ended !== undefined) return;
    this.#giveCredit(this.#uncredited);
    this.#uncredited = 0;
  }
}
