/**
 * The context of a call in the testing kit: like the shell's, with the deadline on a test's clock.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import type { Logger } from "../logger.ts";
import { type CallContext, type ResponseParts, withParts } from "../call_context.ts";
import type { ResponseHead } from "../../protocol/slice/response_head.ts";

/** What a call is made of. */
export interface TestCallOptions {
  readonly requestId: string;
  readonly limitMs: number;
  readonly caller: string | undefined;
  readonly log: Logger;
  readonly clock: Clock;
  /** Calls around this one, itself included. */
  readonly depth: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: ReadableStream<Uint8Array> | undefined;
}

/** One call. */
export class TestCall implements CallContext {
  readonly requestId: string;
  readonly caller: string | undefined;
  readonly log: Logger;
  readonly depth: number;
  readonly traceparent = undefined;
  readonly tracestate = undefined;
  readonly clientAddress = undefined;
  readonly variants = {};
  readonly body: ReadableStream<Uint8Array>;
  readonly #clock: Clock;
  readonly #deadlineAt: number;
  readonly #headers: ReadonlyMap<string, string>;
  readonly #controller = new AbortController();
  #timer: Timer | undefined;
  /** What was said of the answer. */
  head: ResponseHead | undefined;

  constructor({ requestId, limitMs, caller, log, clock, depth, headers, body }: TestCallOptions) {
    this.requestId = requestId;
    this.caller = caller;
    this.log = log;
    this.depth = depth;
    this.body = body ?? new ReadableStream({ start: (controller) => controller.close() });
    this.#clock = clock;
    this.#deadlineAt = clock.monotonicMs() + limitMs;
    this.#headers = new Map(
      Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
  }

  get remainingMs(): number {
    return Math.max(0, this.#deadlineAt - this.#clock.monotonicMs());
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  header(name: string): string | undefined {
    return this.#headers.get(name.toLowerCase());
  }

  respond(parts: ResponseParts): void {
    this.head = withParts(this.head, parts);
  }

  /** Calls back when the deadline passes, after the signal; the call must then be finished. */
  onDeadline(callback: () => void): void {
    this.#timer = this.#clock.setTimer(this.remainingMs, () => {
      this.#controller.abort();
      callback();
    });
  }

  /** Forgets the deadline. */
  finish(): void {
    this.#timer?.cancel();
  }
}
