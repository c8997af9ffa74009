/**
 * What the functions of a slice know about the call they answer.
 *
 * @module
 */
import type { Logger } from "./logger.ts";

/** What a handler knows about the call it answers. */
export interface CallContext {
  /** Id of the outermost request, the same through nested calls. */
  readonly requestId: string;
  /** Milliseconds left until the caller gives up. */
  readonly remainingMs: number;
  /** Aborts when the caller has gone or the deadline has passed. */
  readonly signal: AbortSignal;
  /** Logger that adds the request id. */
  readonly log: Logger;
  /** `group:name` of the calling slice; undefined for an HTTP request. */
  readonly caller: string | undefined;
  /** W3C trace context of the call. */
  readonly traceparent: string | undefined;
  /** What tracing systems added to the trace context; see W3C `tracestate`. */
  readonly tracestate: string | undefined;
  /** Address of the client whose request this call belongs to; undefined without a request. */
  readonly clientAddress: string | undefined;
  /**
   * Versions to which A/B tests have assigned the request, by contract, for example
   * `{ "org.example:echo": "org.example:echo:2.0.0" }`; the same in all its calls.
   */
  readonly variants: Readonly<Record<string, string>>;
  /** The request's body for a method with `body: "stream"`; empty for all others. */
  readonly body: ReadableStream<Uint8Array>;
  /** A request header that the method's contract lists in `headers`. */
  header(name: string): string | undefined;
}

/** A handler with its types erased. */
export type ErasedHandler = (input: unknown, call: CallContext) => unknown;
