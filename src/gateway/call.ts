/**
 * A call on its way to an instance, here or on another node, and how it can end.
 *
 * @module
 */

import type { FlowEnd, FlowSender, Message } from "../io/flow.ts";
import type { Circuit } from "../policy/circuit.ts";

/** Somebody who waits for an answer and may go away, such as a Request. */
export interface Caller {
  readonly signal: AbortSignal;
}

/** The parts of a call frame after kind and id; see `frame` in `protocol/thread/instance.ts`. */
export interface Call {
  readonly method: string;
  readonly requestId: string;
  readonly remainingMs: number;
  /** Raw path parameters; null for a call from a slice. */
  readonly pathParameters: string | null;
  readonly query: string;
  /** JSON, or a stream for a method that takes one. */
  readonly body: string | Uint8Array | null | ReadableStream<Uint8Array>;
  readonly meta: string;
  /** Calls with the same key go to the same instance as long as it takes calls. */
  readonly affinity?: string;
  /** The version that an A/B test wants, while it has instances. */
  readonly variant?: string;
  /** Only this instance, which must be on this node. */
  readonly instance?: string;
  /** Where what became of the call on its way is noted, for those who must know. */
  readonly trail?: Trail;
  /** Who waits; a target watches only the callers of calls that last. */
  readonly caller?: Caller;
}

/** What is known of all the attempts at a call together. */
export interface Trail {
  /** An instance may have executed it, whatever the last attempt answered. */
  mayHaveRun: boolean;
}

/** The answer of an instance, or the reason why there is none. */
export type Answer =
  | SettledAnswer
  /** The output lasts. */
  | OpenStream
  | OpenSocket
  /** Certainly not executed: it may go elsewhere. */
  | { readonly kind: "notHosted" }
  /** The node has instances, all at their limit. */
  | { readonly kind: "full" }
  /** The instance or its node ended; whether it executed the call is unknown. */
  | { readonly kind: "lost" }
  | { readonly kind: "timeout" }
  /** Nobody waited any more. */
  | { readonly kind: "aborted" };

/** An output, or a problem of the slice. */
export interface SettledAnswer {
  readonly kind: "output" | "problem";
  readonly status: number;
  readonly body: string;
  /** JSON of a `ResponseHead`, as the target sent it. @default {none} */
  readonly head?: string;
}

/** An output that is read as it comes. */
export interface OpenStream {
  readonly kind: "stream";
  readonly status: number;
  readonly contentType: string;
  /** JSON of a `ResponseHead`, as the target sent it. @default {none} */
  readonly head?: string;
  readonly body: ReadableStream<Uint8Array>;
  /** Nobody reads it any more; cancelling the body does the same. */
  cancel(): void;
}

/** A conversation that the instance has accepted. */
export interface OpenSocket {
  readonly kind: "socket";
  /** What the instance sends. */
  readonly messages: ReadableStream<Message>;
  /** How the instance ended it; undefined before. */
  readonly ended: () => FlowEnd | undefined;
  /** To the instance. */
  readonly sender: FlowSender;
  /** The client has gone. */
  close(end: FlowEnd): void;
}

/** Something that takes the calls of one version of a slice: an instance, or another node. */
export interface CallTarget {
  readonly id: string;
  /** Whether it is expected to answer soon; others are tried first. */
  readonly isHealthy: boolean;
  readonly circuit: Circuit;
  /** Calls under way. */
  readonly inFlight: number;
  /** Calls that may be under way. */
  readonly inFlightMax: number;
  /** Sends a call; the promise never rejects. */
  call(call: Call): { readonly id: number; readonly answer: Promise<Answer> };
  /** Nobody waits for a call any more. */
  abort(id: number): void;
}

/**
 * Aborts a call when its caller has gone or goes later.
 *
 * A signal costs a tenth of a short call, so targets ask for it only once a call lasts.
 */
export function abortWithCaller({ signal }: Caller, abort: () => void): void {
  if (signal.aborted) abort();
  // The listener dies with the request, so it needs no removal.
  else signal.addEventListener("abort", abort, { once: true });
}
