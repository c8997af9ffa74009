/**
 * The gateway's side of one instance's port: calls under way and their answers.
 *
 * What comes from the instance is hostile input: an answer to a call that is not under way, or of
 * the wrong shape, is dropped and counted; an instance that floods its port is cut off.
 *
 * @module
 */
import { BatchPort } from "../io/batch_port.ts";
import { headLengthMax } from "../protocol/slice/response_head.ts";
import { type Batch, frame, replyKind } from "../protocol/thread/instance.ts";
import { Circuit } from "../policy/circuit.ts";
import {
  abortWithCaller,
  type Answer,
  type Call,
  type Caller,
  type CallTarget,
  type OpenStream,
} from "./call.ts";
import { OpenCalls } from "./open_calls.ts";

/** Messages without sense before an instance is cut off; its shell sends none. */
const malformedMax = 1_000;
/** Calls of an instance that wait; its shell stops before. */
const invokesMax = 10_500;

/** A call to another slice that the instance asks for. */
export interface InvokeRequest {
  readonly id: number;
  readonly contract: string;
  readonly method: string;
  readonly requestId: string;
  readonly timeoutMs: number;
  readonly input: string;
  readonly meta: string;
}

interface Pending {
  deadlineAt: number;
  /** Not watched yet. */
  caller: Caller | undefined;
  readonly resolve: (answer: Answer) => void;
}

/** One instance as the gateway sees it. */
export class InstanceLink implements CallTarget {
  readonly id: string;
  readonly circuit: Circuit = new Circuit();
  isHealthy = true;
  inFlightMax = 0;
  readonly #port: BatchPort;
  readonly #pending = new Map<number, Pending>();
  readonly #open: OpenCalls;
  #nextId = 1;
  #malformed = 0;
  #invokes = 0;
  #isCutOff = false;
  #isLost = false;
  readonly #onFlood: (cause: string) => void;

  /** @param onFlood told once, when the instance was cut off and is to be ended */
  constructor(
    id: string,
    port: MessagePort,
    onInvoke: (link: InstanceLink, request: InvokeRequest) => void,
    onFlood: (cause: string) => void = () => {},
  ) {
    this.id = id;
    this.#onFlood = onFlood;
    this.#port = new BatchPort(port, (batch, at) => {
      if (this.#isCutOff) return;
      if (batch[at] === frame.reply) this.#onReply(batch, at);
      else if (batch[at] === frame.invoke) {
        const request = readInvoke(batch, at);
        if (request === undefined) this.#offend();
        else if (++this.#invokes > invokesMax) {
          this.#cutOff(`It waits for more than ${invokesMax} calls to other slices`);
        } else onInvoke(this, request);
      } else if (!this.#onStream(batch, at)) this.#offend();
    }, () => this.#offend());
    this.#open = new OpenCalls({
      data: (id, message) => {
        this.#port.sendData(frame.data, id, message);
        return true;
      },
      end: (id, { code, reason }) => this.#port.send(frame.end, id, code, reason),
      credit: (id, cost) => this.#port.send(frame.credit, id, cost),
      abort: (id) => this.#port.send(frame.abort, id),
    });
  }

  /** Calls under way. */
  get inFlight(): number {
    return this.#pending.size + this.#open.size;
  }

  /** Messages of this instance that made no sense. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Sends a call; the promise never rejects. */
  call(call: Call): { readonly id: number; readonly answer: Promise<Answer> } {
    const id = this.#nextId++;
    const answer = new Promise<Answer>((resolve) => {
      const deadlineAt = performance.now() + call.remainingMs;
      this.#pending.set(id, { deadlineAt, caller: call.caller, resolve });
    });
    const { body } = call;
    const isStream = body instanceof ReadableStream;
    this.#port.send(
      frame.call,
      id,
      call.method,
      call.requestId,
      call.remainingMs,
      call.pathParameters,
      call.query,
      isStream ? null : body,
      call.meta,
    );
    if (isStream) {
      this.#open.sendBody(id, body, () => {
        const pending = this.#pending.get(id);
        if (pending !== undefined) pending.deadlineAt = performance.now() + call.remainingMs;
      });
    }
    return { id, answer };
  }

  /** Tells the instance that nobody waits for a call any more. */
  abort(id: number): void {
    this.#end(id, "aborted");
  }

  #end(id: number, kind: "aborted" | "timeout"): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) {
      this.#open.abort(id);
      return;
    }
    this.#pending.delete(id);
    this.#port.send(frame.abort, id);
    this.#open.answered(id);
    pending.resolve({ kind });
  }

  #offend(): void {
    if (++this.#malformed > malformedMax) this.#cutOff("It sends messages that no shell sends");
  }

  #cutOff(cause: string): void {
    if (this.#isCutOff) return;
    this.#isCutOff = true;
    this.lose();
    this.#onFlood(cause);
  }

  /** Answers an invoke request of this instance. */
  reply(id: number, ok: boolean, status: number, body: string): void {
    if (this.#invokes > 0) this.#invokes--;
    this.#port.send(frame.reply, id, ok ? 1 : 0, status, body);
  }

  /** Answers an invoke request with a stream, which follows. */
  replyStream(id: number, stream: OpenStream): void {
    if (this.#isLost) {
      stream.cancel();
      return;
    }
    this.#port.send(frame.reply, id, replyKind.stream, stream.status, stream.contentType);
    this.#open.relay(-id, stream, () => this.#invokes--);
  }

  /** Ends calls whose deadline has passed, and from now on those whose caller goes. */
  expire(now: number): void {
    for (const [id, pending] of this.#pending) {
      if (pending.deadlineAt <= now) this.#end(id, "timeout");
      else if (pending.caller !== undefined) {
        const { caller } = pending;
        pending.caller = undefined;
        abortWithCaller(caller, () => this.abort(id));
      }
    }
  }

  /** The instance has ended: fails everything under way at once. */
  lose(): void {
    this.#isLost = true;
    for (const pending of this.#pending.values()) pending.resolve({ kind: "lost" });
    this.#pending.clear();
    this.#open.lose();
    this.#port.close();
  }

  /** Ends event streams and sockets, which would keep the instance for ever. */
  endEndless(): void {
    this.#open.endEndless();
  }

  /** Whether a frame of a stream made sense. */
  #onStream(batch: Batch, at: number): boolean {
    const id = batch[at + 1];
    const first = batch[at + 2];
    if (typeof id !== "number") return false;
    switch (batch[at]) {
      case frame.data:
        return this.#open.onData(id, first);
      case frame.end: {
        const reason = batch[at + 3];
        if (typeof first !== "number" || typeof reason !== "string") return false;
        this.#open.onEnd(id, { code: first, reason: reason.slice(0, 120) });
        return true;
      }
      case frame.credit:
        if (typeof first !== "number") return false;
        this.#open.onCredit(id, first);
        return true;
      case frame.abort:
        // Of a stream that it reads; that may have ended meanwhile.
        if (id >= 0) return false;
        this.#open.endRelay(id);
        return true;
      default:
        return false;
    }
  }

  #onReply(batch: Batch, at: number): void {
    const id = batch[at + 1];
    const status = batch[at + 3];
    const body = batch[at + 4];
    const head = batch[at + 5];
    const pending = typeof id === "number" ? this.#pending.get(id) : undefined;
    const least = batch[at + 2] === replyKind.socket ? 101 : 200;
    const valid = typeof status === "number" && Number.isInteger(status) && status >= least &&
      status <= 599 && typeof body === "string" &&
      (head === null || typeof head === "string" && head.length <= headLengthMax);
    if (pending === undefined || !valid) {
      this.#offend();
      return;
    }
    this.#pending.delete(id as number);
    const kind = batch[at + 2];
    if (kind === replyKind.stream || kind === replyKind.socket) {
      pending.resolve(this.#openReply(id as number, kind, status, [body, head]));
      return;
    }
    this.#open.answered(id as number);
    const settled = kind === replyKind.output ? "output" : "problem";
    pending.resolve(
      head === null ? { kind: settled, status, body } : { kind: settled, status, body, head },
    );
  }

  #openReply(
    id: number,
    kind: number,
    status: number,
    [contentType, head]: readonly [string, string | null],
  ): Answer {
    if (kind === replyKind.socket) return this.#open.socket(id);
    // It becomes a header.
    const type = /^[\x20-\x7e]{1,256}$/.test(contentType)
      ? contentType
      : "application/octet-stream";
    const stream = this.#open.stream(id, status, type);
    return head === null ? stream : { ...stream, head };
  }
}

function readInvoke(batch: Batch, at: number): InvokeRequest | undefined {
  const [id, contract, method, requestId, timeoutMs, input, meta] = batch.slice(at + 1, at + 8);
  const valid = typeof id === "number" && typeof contract === "string" &&
    typeof method === "string" && typeof requestId === "string" &&
    typeof timeoutMs === "number" && timeoutMs >= 0 && typeof input === "string" &&
    typeof meta === "string";
  return valid ? { id, contract, method, requestId, timeoutMs, input, meta } : undefined;
}
