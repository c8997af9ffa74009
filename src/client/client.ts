/**
 * {@link AetherClient}: the management API as typed calls, derived from the route table.
 *
 * The command line, `aether dev`, tests and the dashboard use it. It knows no endpoint by itself,
 * repeats nothing on its own, and runs wherever there is a `fetch`.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import { formatDuration } from "../base/duration.ts";
import type { Row, RowCall, RowMessage, RowResponse } from "../protocol/api/row.ts";
import { type ApiTable, apiTable, type RowName } from "../protocol/api/table.ts";
import { parseAddress } from "./address.ts";
import { readAnswer, readError } from "./answer.ts";
import { readEvents } from "./event_stream.ts";
import { buildRequest, type LooseCall, type RequestParts } from "./request.ts";

/** Options of {@link AetherClient}. */
export interface ClientOptions {
  /** `host`, `host:port` or a URL. @default {"127.0.0.1:8080"} */
  readonly address?: string;
  /** API key; never logged and never part of an error. */
  readonly token?: string;
  /** Limit for one call, in milliseconds. @default {10000} */
  readonly timeoutMs?: number;
  /** How requests are sent, e.g. {@link trustingFetch}. @default {globalThis.fetch} */
  readonly fetch?: typeof fetch;
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call; it then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Limit for this call, in milliseconds. @default {that of the client} */
  readonly timeoutMs?: number;
}

/** An answer with what surrounds its body. */
export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Arguments after a row's name; the call may be left out when nothing in it is required. */
type CallArguments<R extends Row> = Record<never, never> extends RowCall<R>
  ? [call?: RowCall<R>, options?: CallOptions]
  : [call: RowCall<R>, options?: CallOptions];

/** Names of rows that answer a stream. */
type StreamName = {
  [Name in RowName]: ApiTable[Name] extends { readonly response: "stream" } ? Name : never;
}[RowName];

const timeoutMsDefault = 10_000;
/** The API sends a comment every ten seconds. */
const streamIdleMs = 30_000;

/**
 * A client of one node's management API.
 *
 * @example
 * ```ts
 * import { AetherClient } from "./client.ts";
 * const client = new AetherClient({ address: "127.0.0.1:8080" });
 * const ready = async () => (await client.call("health")).ready;
 * ```
 */
export class AetherClient {
  /** The node's origin, e.g. `http://127.0.0.1:8080`. */
  readonly origin: string;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;
  readonly #fetch: typeof fetch;

  /** @throws {AetherError} USAGE when the address is none, UNAUTHENTICATED when the key is none */
  constructor(options: ClientOptions = {}) {
    if (options.token !== undefined && !/^[\x21-\x7e]+$/.test(options.token)) {
      const text = "The API key is empty or has characters that no key has";
      throw new AetherError("UNAUTHENTICATED", text, {
        hint: "Set AETHER_TOKEN or the token file to the key alone",
      });
    }
    this.origin = parseAddress(options.address ?? "127.0.0.1:8080");
    this.#token = options.token;
    this.#timeoutMs = options.timeoutMs ?? timeoutMsDefault;
    this.#fetch = options.fetch ?? globalThis.fetch;
  }

  /**
   * Calls a row and returns the body of its answer.
   *
   * @throws {AetherError} the error that the node answers; UNREACHABLE when there is no node,
   * TIMEOUT when it does not answer, OUTCOME_UNKNOWN when the connection broke during a write
   */
  async call<Name extends RowName>(
    name: Name,
    ...rest: CallArguments<ApiTable[Name]>
  ): Promise<RowResponse<ApiTable[Name]>> {
    return (await this.send(name, ...rest)).body;
  }

  /**
   * Calls a row that answers messages, until the node ends them or the caller stops; `timeoutMs` is
   * for the first byte.
   *
   * @throws {AetherError} as {@link AetherClient.call}; UNREACHABLE when the connection breaks
   */
  async *stream<Name extends StreamName>(
    name: Name,
    ...[call, options]: CallArguments<ApiTable[Name]>
  ): AsyncGenerator<RowMessage<ApiTable[Name]>, void, void> {
    const row: Row = apiTable[name];
    const parts = this.#request(row, call);
    const response = await this.#exchange(row, parts, options ?? {}, async (answer) => {
      if (!answer.ok) throw await readError(answer);
      return answer;
    });
    if (response.body === null) return;
    try {
      for await (const message of readEvents(row, response.body, { idleMs: streamIdleMs })) {
        // The message was checked against the row's schema.
        yield message as RowMessage<ApiTable[Name]>;
      }
    } catch (error) {
      if (options?.signal?.aborted) throw options.signal.reason;
      throw error;
    }
  }

  /** As {@link AetherClient.call}, with status and headers: `ETag` is the revision of a key. */
  async send<Name extends RowName>(
    name: Name,
    ...[call, options]: CallArguments<ApiTable[Name]>
  ): Promise<Answer<RowResponse<ApiTable[Name]>>> {
    const row: Row = apiTable[name];
    const parts = this.#request(row, call);
    const { response, body } = await this.#exchange(row, parts, options ?? {}, async (answer) => {
      return { response: answer, body: await readAnswer(row, answer) };
    });
    // The answer was checked against the row's schema.
    const typed = body as RowResponse<ApiTable[Name]>;
    return { status: response.status, headers: response.headers, body: typed };
  }

  #request(row: Row, call: unknown): RequestParts {
    const parts = buildRequest(row, (call ?? {}) as LooseCall);
    if (this.#token !== undefined) parts.headers.set("authorization", `Bearer ${this.#token}`);
    return parts;
  }

  async #exchange<T>(
    row: Row,
    parts: RequestParts,
    options: CallOptions,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = options.timeoutMs ?? Math.max(this.#timeoutMs, row.timeoutMs ?? 0);
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    const { signal: ended } = options;
    const signal = ended === undefined ? timeout.signal : AbortSignal.any([timeout.signal, ended]);
    const { method, target, headers, body } = parts;
    try {
      const response = await this.#fetch(this.origin + target, {
        method,
        headers,
        signal,
        redirect: "manual",
        ...(body === undefined ? {} : { body }),
      });
      return await read(response);
    } catch (error) {
      if (error instanceof AetherError) throw error;
      if (ended?.aborted) throw ended.reason;
      if (timeout.signal.aborted) throw this.#late(parts, timeoutMs);
      throw this.#broken(parts, error);
    } finally {
      clearTimeout(timer);
    }
  }

  #late({ method, target }: RequestParts, timeoutMs: number): AetherError {
    const limit = formatDuration(Math.round(timeoutMs));
    const text = `${method} ${target} on ${this.origin} was not answered within ${limit}`;
    return new AetherError("TIMEOUT", text);
  }

  /** Without a connection nothing was sent; when it broke later, a write may have been done. */
  #broken({ method, target }: RequestParts, cause: unknown): AetherError {
    const reason = deepestReason(cause);
    const wasSent = /SendRequest|connection closed|connection reset|reading a body/i.test(reason);
    if (wasSent && method !== "GET" && method !== "HEAD") {
      const text = `The connection to ${this.origin} broke during ${method} ${target}`;
      return new AetherError("OUTCOME_UNKNOWN", text, { cause });
    }
    const text = `Cannot reach the node at ${this.origin}: ${shortReason(reason)}`;
    const isUntrusted = /UnknownIssuer/i.test(reason);
    const hint = "Name the authority of the node's certificate with --tls-ca FILE";
    return new AetherError("UNREACHABLE", text, isUntrusted ? { cause, hint } : { cause });
  }
}

/** The message of the error at the end of the chain of causes. */
function deepestReason(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? deepestReason(thrown.cause) : thrown.message;
}

/** `error sending request for url (...): client error (Connect): x: y (os error 1)` -> `y`. */
function shortReason(reason: string): string {
  const last = reason.split(": ").at(-1) ?? reason;
  return last.replace(/ \(os error \d+\)$/, "").replace(/^./, (letter) => letter.toLowerCase());
}
