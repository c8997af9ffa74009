/**
 * What the functions of a slice know about the call they answer.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import { headProblem, type ResponseHead } from "../protocol/slice/response_head.ts";
import type { Logger } from "./logger.ts";

/** Status and headers of an HTTP answer. */
export interface ResponseParts {
  /** From 200 to 499; throw failures instead. @default {what the contract says} */
  readonly status?: number;
  /** Values by name; several values become several headers. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

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
  /**
   * Says what the HTTP answer has beside its body: a redirect, cookies, cache rules, another
   * content type. A later call replaces what an earlier one said of the same. Callers that are
   * slices see nothing of it.
   *
   * @throws {AetherError} OUTPUT_INVALID for headers that belong to the connection or to Aether,
   *   and when an output that lasts was returned already.
   *
   * @example
   * ```ts
   * import type { CallContext } from "aether";
   * function redirect(call: CallContext, url: string) {
   *   call.respond({ status: 302, headers: { location: url, "cache-control": "max-age=60" } });
   *   return { url };
   * }
   * ```
   */
  respond(parts: ResponseParts): void;
}

/**
 * A head with further parts.
 *
 * @throws {AetherError} OUTPUT_INVALID when it may not be sent.
 */
export function withParts(
  head: ResponseHead | undefined,
  { status = head?.status, headers = {} }: ResponseParts,
): ResponseHead {
  const added = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => [name.toLowerCase(), String(value)] as const)
  );
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const kept = head?.headers.filter(([name]) => !names.has(name)) ?? [];
  const all = [...kept, ...added];
  const next: ResponseHead = status === undefined ? { headers: all } : { status, headers: all };
  const problem = headProblem(next);
  if (problem !== undefined) throw new AetherError("OUTPUT_INVALID", problem);
  return next;
}

/** A handler with its types erased. */
export type ErasedHandler = (input: unknown, call: CallContext) => unknown;
