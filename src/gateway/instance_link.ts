/**
 * The gateway's side of one instance's port: calls under way and their answers.
 *
 * What comes from the instance is hostile input: an answer to a call that is not under way, or of
 * the wrong shape, is dropped and counted.
 *
 * @module
 */
import { BatchPort } from "../io/batch_port.ts";
import { type Batch, frame } from "../protocol/thread/instance.ts";
import { Circuit } from "../policy/circuit.ts";
import { abortWithCaller, type Answer, type Call, type Caller, type CallTarget } from "./call.ts";

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
  readonly deadlineAt: number;
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
  #nextId = 1;
  #malformed = 0;

  constructor(
    id: string,
    port: MessagePort,
    onInvoke: (link: InstanceLink, request: InvokeRequest) => void,
  ) {
    this.id = id;
    this.#port = new BatchPort(port, (batch, at) => {
      if (batch[at] === frame.reply) this.#onReply(batch, at);
      else if (batch[at] === frame.invoke) {
        const request = readInvoke(batch, at);
        if (request === undefined) this.#malformed++;
        else onInvoke(this, request);
      } else this.#malformed++;
    }, () => this.#malformed++);
  }

  /** Calls under way. */
  get inFlight(): number {
    return this.#pending.size;
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
    this.#port.send(
      frame.call,
      id,
      call.method,
      call.requestId,
      call.remainingMs,
      call.pathParameters,
      call.query,
      call.body,
      call.meta,
    );
    return { id, answer };
  }

  /** Tells the instance that nobody waits for a call any more. */
  abort(id: number): void {
    this.#end(id, "aborted");
  }

  #end(id: number, kind: "aborted" | "timeout"): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    this.#port.send(frame.abort, id);
    pending.resolve({ kind });
  }

  /** Answers an invoke request of this instance. */
  reply(id: number, ok: boolean, status: number, body: string): void {
    this.#port.send(frame.reply, id, ok ? 1 : 0, status, body);
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
    for (const pending of this.#pending.values()) pending.resolve({ kind: "lost" });
    this.#pending.clear();
    this.#port.close();
  }

  #onReply(batch: Batch, at: number): void {
    const id = batch[at + 1];
    const status = batch[at + 3];
    const body = batch[at + 4];
    const pending = typeof id === "number" ? this.#pending.get(id) : undefined;
    const valid = typeof status === "number" && Number.isInteger(status) && status >= 200 &&
      status <= 599 && typeof body === "string";
    if (pending === undefined || !valid) {
      this.#malformed++;
      return;
    }
    this.#pending.delete(id as number);
    pending.resolve({ kind: batch[at + 2] === 1 ? "output" : "problem", status, body });
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
