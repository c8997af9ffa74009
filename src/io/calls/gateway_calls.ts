/**
 * {@link GatewayCalls}: how a thread of the node calls methods of slices.
 *
 * It holds a port to the gateway and the calls that wait. Used by control for schedules and by the
 * storage thread for messages; slices have ports of their own.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { ErrorName } from "../../base/error_catalog.ts";
import { AetherError } from "../../base/errors.ts";
import {
  type InternalCall,
  type InternalCallReply,
  type InternalCallRequest,
  internalCallsMax,
  type InternalOutcome,
} from "../../protocol/thread/internal_calls.ts";

/** The gateway keeps the deadline; this is for a gateway that has gone without a word. */
const silenceMs = 1_000;

interface Waiting {
  readonly resolve: (outcome: InternalOutcome) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Calls methods of slices through the gateway. */
export class GatewayCalls {
  readonly #max: number;
  readonly #waiting = new Map<number, Waiting>();
  #outgoing: InternalCallRequest[] = [];
  #port: MessagePort | undefined;
  #nextId = 1;

  /** @param max calls under way at most; more are answered "notExecuted" */
  constructor(max: number = internalCallsMax) {
    this.#max = Math.min(max, internalCallsMax);
  }

  /** Calls under way. */
  get inFlight(): number {
    return this.#waiting.size;
  }

  /** Makes a channel and connects one end; the other one is for the gateway. */
  connectNew(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.connect(port1);
    return port2;
  }

  /** Calls over this port from now on; what a former gateway was asked may have been done. */
  connect(port: MessagePort): void {
    this.close();
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<readonly InternalCallReply[]>) => {
      for (const { id, outcome } of data) this.#settle(id, outcome);
    };
  }

  /** Makes a call; the promise never rejects. */
  call(call: InternalCall): Promise<InternalOutcome> {
    const port = this.#port;
    if (port === undefined) {
      return Promise.resolve(
        failed("notExecuted", "NO_INSTANCE", "The gateway is not connected yet"),
      );
    }
    if (this.#waiting.size >= this.#max) {
      const message = `${this.#max} calls of the node itself are under way already`;
      return Promise.resolve(failed("notExecuted", "OVERLOADED", message));
    }
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const name = `${call.contract} ${call.method}`;
        this.#settle(id, failed("unknown", "DEADLINE_EXCEEDED", `${name} was never answered`));
      }, call.timeoutMs + silenceMs);
      this.#waiting.set(id, { resolve, timer });
      if (this.#outgoing.push({ id, call }) === 1) setImmediate(() => this.#flush());
    });
  }

  /** Calls nothing any more. */
  close(): void {
    this.#port?.close();
    this.#port = undefined;
    const message = "The gateway ended during the call";
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id, failed("unknown", "CALL_OUTCOME_UNKNOWN", message));
    }
  }

  /** Sends the calls of a turn together; those of a port that is closed were settled with it. */
  #flush(): void {
    const calls = this.#outgoing.filter(({ id }) => this.#waiting.has(id));
    this.#outgoing = [];
    if (calls.length > 0) this.#port?.postMessage(calls);
  }

  #settle(id: number, outcome: InternalOutcome): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(outcome);
  }
}

function failed(
  kind: "notExecuted" | "unknown",
  name: ErrorName,
  message: string,
): InternalOutcome {
  return { kind, problem: new AetherError(name, message).toProblem() };
}
