/**
 * Calls of slice methods that the node itself makes: a schedule is due, a message is delivered.
 *
 * Any thread of the node asks the gateway on a port of their own, which carries nothing else; the
 * gateway picks the instance, here or on another node, and repeats as it does for the calls of
 * slices. Both ends are ours, so nothing is validated. `io/calls/gateway_calls.ts` is the client,
 * `gateway/calls/internal_calls.ts` serves.
 *
 * @module
 */
import type { Problem } from "../../base/errors.ts";
import type { SliceProblem } from "../slice/problem.ts";

/** What makes the node call; the called slice sees it as `call.caller`. */
export type InternalOrigin = "schedule" | "topic";

/** One call, without what only the port needs. */
export interface InternalCall {
  readonly origin: InternalOrigin;
  /** `group:name` of the slice; the version is chosen as for every other call. */
  readonly contract: string;
  readonly method: string;
  /** JSON of the input. */
  readonly input: string;
  /** Time limit in milliseconds; the method's own applies as well. */
  readonly timeoutMs: number;
  /** Calls with the same key go to the same instance as long as it takes calls; 1 to 256 bytes. */
  readonly affinity?: string;
  /** Only this instance, which must be on this node: `node/artifact/number`. */
  readonly instance?: string;
  /** @default {a new one} */
  readonly requestId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
}

/** How a call ended; what must be told apart to know whether it may be made again. */
export type InternalOutcome =
  /** JSON of the output. */
  | { readonly kind: "output"; readonly output: string }
  /** The slice answered with an error, or its shell for it: input, output or handler. */
  | { readonly kind: "problem"; readonly problem: Problem | SliceProblem }
  /** No instance has seen it: making it again cannot do it twice. */
  | { readonly kind: "notExecuted"; readonly problem: Problem }
  /** An instance may have executed it: it ended meanwhile, or did not answer in time. */
  | { readonly kind: "unknown"; readonly problem: Problem };

/** A thread to the gateway; those of a turn travel as a list. */
export interface InternalCallRequest {
  readonly id: number;
  readonly call: InternalCall;
}

/** The gateway to the thread; those of a turn travel as a list. */
export interface InternalCallReply {
  readonly id: number;
  readonly outcome: InternalOutcome;
}

/** Calls of one port that may be under way in the gateway; more are not executed. */
export const internalCallsMax = 4_096;
