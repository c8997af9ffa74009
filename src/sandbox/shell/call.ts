/**
 * Calls inside an instance: context, and the input that an HTTP request stands for.
 *
 * @module
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { AetherError } from "../../base/errors.ts";
import type { CallMeta } from "../../protocol/thread/instance.ts";
import type { RouteSpec } from "../../sdk/contract.ts";
import { createLogger, type Logger, type LogSink } from "../../sdk/logger.ts";
import { type CallContext, type ResponseParts, withParts } from "../../sdk/call_context.ts";
import type { ResponseHead } from "../../protocol/slice/response_head.ts";

/** The call that the current code runs for; nested calls inherit its id and deadline. */
export const currentCall = new AsyncLocalStorage<InstanceCall>();

const noMeta: CallMeta = Object.freeze({});

/** Context of one call; everything rarely used is made on first use. */
export class InstanceCall implements CallContext {
  readonly requestId: string;
  readonly #timeoutMs: number;
  #deadlineAt: number;
  readonly #metaText: string;
  readonly #sink: LogSink;
  #meta: CallMeta | undefined;
  #nestedMeta: string | undefined;
  #controller: AbortController | undefined;
  #aborted = false;
  #isEnded = false;
  #ends: Set<() => void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #log: Logger | undefined;
  #body: ReadableStream<Uint8Array> | undefined;
  #head: ResponseHead | undefined;

  constructor(requestId: string, remainingMs: number, metaText: string, sink: LogSink) {
    this.requestId = requestId;
    this.#timeoutMs = remainingMs;
    this.#deadlineAt = performance.now() + remainingMs;
    this.#metaText = metaText;
    this.#sink = sink;
  }

  get remainingMs(): number {
    return Math.max(0, this.#deadlineAt - performance.now());
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
      else this.#watch();
    }
    return this.#controller.signal;
  }

  get log(): Logger {
    return this.#log ??= createLogger(this.#sink, { requestId: this.requestId });
  }

  get caller(): string | undefined {
    return this.meta.caller;
  }

  get traceparent(): string | undefined {
    return this.meta.traceparent;
  }

  get tracestate(): string | undefined {
    return this.meta.tracestate;
  }

  get clientAddress(): string | undefined {
    return this.meta.client;
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#body ??= new ReadableStream({ start: (controller) => controller.close() });
  }

  set body(body: ReadableStream<Uint8Array>) {
    this.#body = body;
  }

  /** Whether nobody waits for the answer any more. */
  get isAborted(): boolean {
    return this.#aborted;
  }

  get meta(): CallMeta {
    return this.#meta ??= this.#metaText === "" ? noMeta : JSON.parse(this.#metaText) as CallMeta;
  }

  /** What calls to other slices say of the request that they belong to. */
  get nestedMeta(): string {
    return this.#nestedMeta ??= this.#metaText === "" ? "" : nestedMetaOf(this.meta);
  }

  get variants(): Readonly<Record<string, string>> {
    return this.meta.variants ?? {};
  }

  header(name: string): string | undefined {
    return this.meta.headers?.[name.toLowerCase()];
  }

  respond(parts: ResponseParts): void {
    if (this.#deadlineAt === Infinity) {
      const message = "The answer has begun: say what it has before the output is returned";
      throw new AetherError("OUTPUT_INVALID", message);
    }
    this.#head = withParts(this.#head, parts);
  }

  /** What was said of the answer, as JSON; null when nothing was. */
  get head(): string | null {
    return this.#head === undefined ? null : JSON.stringify(this.#head);
  }

  /** The caller has gone, or the deadline has passed. */
  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
    this.end();
  }

  /**
   * Runs a callback when the call has ended, however it does; at once when it has. What is answered
   * takes it back.
   */
  onEnd(callback: () => void): () => void {
    const ends = this.#ends ??= new Set();
    if (this.#isEnded) callback();
    else ends.add(callback);
    return () => void ends.delete(callback);
  }

  /** The call has ended. */
  end(): void {
    this.finish();
    this.#isEnded = true;
    const ends = this.#ends;
    this.#ends = undefined;
    for (const callback of ends ?? []) callback();
  }

  /** Part of the body has come: the time limit starts afresh. */
  progress(): void {
    if (this.#deadlineAt !== Infinity) this.#deadlineAt = performance.now() + this.#timeoutMs;
  }

  /** The answer is a stream: it has no deadline. */
  lasts(): void {
    this.#deadlineAt = Infinity;
    this.finish();
  }

  /** Frees the deadline's timer. */
  finish(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #watch(): void {
    const { remainingMs } = this;
    if (remainingMs === Infinity) return;
    this.#timer = setTimeout(() => {
      if (this.remainingMs > 0) this.#watch();
      else this.abort();
    }, remainingMs);
  }
}

function nestedMetaOf({ traceparent, tracestate, client, variants, depth }: CallMeta): string {
  const json = JSON.stringify({ traceparent, tracestate, client, variants, depth });
  return json === "{}" ? "" : json;
}

/**
 * The input of an HTTP request: path parameters over query over the JSON body's fields.
 *
 * A body that is not an object is the whole input when there are no parameters.
 *
 * @throws {AetherError} INPUT_INVALID when the body is not JSON or a parameter is malformed.
 */
export function httpInput(
  route: RouteSpec,
  pathParameters: string,
  query: string,
  body: string | null,
): unknown {
  const parameters = decodeParameters(route, pathParameters);
  if (query !== "") addQuery(parameters, query);
  if (body === null || body === "") return parameters;
  const parsed = parseBody(body);
  if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
    return { ...parsed, ...parameters };
  }
  if (Object.keys(parameters).length === 0) return parsed;
  throw new AetherError(
    "INPUT_INVALID",
    "The body must be a JSON object, because the path or query also carries parameters",
  );
}

function decodeParameters(route: RouteSpec, raw: string): Record<string, unknown> {
  // Without a prototype: a parameter may be called __proto__.
  const parameters: Record<string, unknown> = Object.create(null);
  if (route.parameters.length === 0) return parameters;
  const values = raw.split("/");
  for (const [index, name] of route.parameters.entries()) {
    const value = values[index] ?? "";
    try {
      parameters[name] = value.includes("%") ? decodeURIComponent(value) : value;
    } catch {
      throw new AetherError(
        "INPUT_INVALID",
        `Path parameter "${name}" is "${value}", which is not valid percent-encoding`,
      );
    }
  }
  return parameters;
}

function addQuery(parameters: Record<string, unknown>, query: string): void {
  const path = new Set(Object.keys(parameters));
  for (const [key, value] of new URLSearchParams(query)) {
    const former = parameters[key];
    if (path.has(key)) continue;
    if (former === undefined) parameters[key] = value;
    else if (Array.isArray(former)) former.push(value);
    else parameters[key] = [former, value];
  }
}

function parseBody(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it cannot be parsed";
    throw new AetherError("INPUT_INVALID", `The body is not JSON: ${reason}`, {
      hint: "Send a JSON body with content-type application/json",
    });
  }
}
