/**
 * The client of one `http` section: its pool of connections, retries and redirects.
 *
 * Built on undici, whose connector lets the address be checked at the moment of the connection.
 * The section's headers and certificate go to the host of `baseUrl` only.
 *
 * @module
 */
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { Agent, buildConnector, type Dispatcher } from "undici";
import { AetherError } from "../../base/errors.ts";
import type { HttpSection } from "./options.ts";
import type { Network } from "./network.ts";
import { tlsFailure } from "./tls.ts";

const redirectsMax = 5;
const waitingMax = 1_000;

/** A request as the client sends it. */
export interface ClientRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly timeoutMs: number;
  readonly isIdempotent: boolean;
  /** Throws for an address that the slice may not use; asked again for every redirect. */
  check(url: URL): void;
  /** Aborts when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** A whole answer. */
export interface ClientAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What one attempt came to. */
type Attempt =
  | { readonly answer: ClientAnswer }
  | { readonly error: AetherError; readonly mayRepeat: boolean };

/** Sends requests over shared connections. */
export class HttpClient {
  readonly #options: HttpSection;
  readonly #network: Network;
  readonly #base: URL;
  readonly #agent: Agent;
  /** For other hosts: without the section's certificate. */
  #others: Agent | undefined;
  #waiting = 0;

  constructor(options: HttpSection, network: Network) {
    this.#options = options;
    this.#network = network;
    this.#base = new URL(options.baseUrl);
    const { ca, cert, key, serverName, minVersion } = options.tls;
    this.#agent = this.#createAgent({
      minVersion,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(serverName === undefined ? {} : { servername: serverName }),
    });
  }

  /**
   * Sends a request, again when it may be repeated, and follows redirects.
   *
   * @throws {AetherError} HTTP_REFUSED, HTTP_UNREACHABLE, HTTP_TIMEOUT, HTTP_TOO_LARGE, OVERLOADED.
   */
  async send(request: ClientRequest): Promise<ClientAnswer> {
    if (this.#waiting >= waitingMax) {
      throw new AetherError("OVERLOADED", `${waitingMax} requests of this section are under way`);
    }
    this.#waiting++;
    const endMs = performance.now() + request.timeoutMs;
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(request.timeoutMs)]);
    try {
      return await this.#sendUntil(request, signal, endMs);
    } finally {
      this.#waiting--;
    }
  }

  /** Closes all connections; requests under way fail. */
  async close(): Promise<void> {
    await Promise.all([this.#agent.destroy(), this.#others?.destroy()]);
  }

  async #sendUntil(
    request: ClientRequest,
    signal: AbortSignal,
    endMs: number,
  ): Promise<ClientAnswer> {
    const { attempts, minDelay, maxDelay } = this.#options.retry;
    for (let attempt = 1;; attempt++) {
      const outcome = await this.#attempt(request, signal);
      const again = "answer" in outcome
        ? request.isIdempotent && isTransient(outcome.answer.status)
        : outcome.mayRepeat;
      const backoffMs = Math.min(maxDelay, minDelay * 2 ** (attempt - 1)) * (0.5 + random() / 2);
      const delayMs = "answer" in outcome ? retryAfterMs(outcome.answer) ?? backoffMs : backoffMs;
      if (!again || attempt >= attempts || performance.now() + delayMs >= endMs) {
        if ("answer" in outcome) return outcome.answer;
        throw outcome.error;
      }
      await wait(delayMs, undefined, { signal }).catch(() => {
        throw this.#ended(request);
      });
    }
  }

  async #attempt(request: ClientRequest, signal: AbortSignal): Promise<Attempt> {
    let { method, url, body } = request;
    for (let redirects = 0;; redirects++) {
      try {
        request.check(url);
        const answer = await this.#exchange({ ...request, method, url, body }, signal);
        const target = redirectOf(answer, url);
        if (target === undefined) return { answer };
        if (redirects === redirectsMax) {
          throw new AetherError("HTTP_REFUSED", `More than ${redirectsMax} redirects`);
        }
        if (url.protocol === "https:" && target.protocol === "http:") {
          throw new AetherError(
            "HTTP_REFUSED",
            `A redirect leads away from TLS, to ${target.host}`,
          );
        }
        const keeps = answer.status === 307 || answer.status === 308;
        if (!keeps && method !== "HEAD") [method, body] = ["GET", undefined];
        url = target;
      } catch (error) {
        return this.#failure(error, request);
      }
    }
  }

  async #exchange(request: ClientRequest, signal: AbortSignal): Promise<ClientAnswer> {
    const { method, url, body } = request;
    const isBase = url.origin === this.#base.origin;
    const { statusCode, headers, body: stream } = await this.#agentOf(isBase).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: method as Dispatcher.HttpMethod,
      headers: this.#headersOf(request, isBase),
      body: body ?? null,
      signal,
    });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const { maxBodyBytes } = this.#options;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) {
        stream.destroy();
        const text = `The answer of ${url.host} has more than ${maxBodyBytes} bytes`;
        throw new AetherError("HTTP_TOO_LARGE", text);
      }
      chunks.push(chunk);
    }
    return { status: statusCode, headers: flat(headers), body: joined(chunks, bytes) };
  }

  /** Those of the slice over those of the section; other hosts get no credentials. */
  #headersOf({ headers, body }: ClientRequest, isBase: boolean): Record<string, string> {
    const all: Record<string, string> = {};
    const add = (given: Readonly<Record<string, string>>) => {
      for (const [name, value] of Object.entries(given)) all[name.toLowerCase()] = value;
    };
    if (isBase) add(this.#options.headers);
    add(headers);
    if (!isBase) { for (const name of ["authorization", "cookie"]) delete all[name]; }
    if (body === undefined) delete all["content-type"];
    return all;
  }

  #agentOf(isBase: boolean): Agent {
    if (isBase) return this.#agent;
    return this.#others ??= this.#createAgent({ minVersion: this.#options.tls.minVersion });
  }

  #createAgent(tls: buildConnector.BuildOptions): Agent {
    const { connections, idleTimeout } = this.#options;
    return new Agent({
      connections,
      pipelining: 1,
      keepAliveTimeout: idleTimeout,
      keepAliveMaxTimeout: idleTimeout,
      // Every request has a limit for the whole of it.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (options, callback) => {
        this.#connect(tls, options, callback);
      },
    });
  }

  /** Connects to an address that was checked, and to no other. */
  #connect(
    tls: buildConnector.BuildOptions,
    options: buildConnector.Options,
    callback: buildConnector.Callback,
  ): void {
    const port = Number(options.port || (options.protocol === "https:" ? 443 : 80));
    const { connectTimeout } = this.#options;
    const answered = Promise.withResolvers<Socket>();
    const timer = setTimeout(() => {
      const text = `${options.hostname} took no connection within ${connectTimeout} ms`;
      answered.reject(Object.assign(new Error(text), { code: "UND_ERR_CONNECT_TIMEOUT" }));
    }, connectTimeout);
    this.#network.addressesOf(options.hostname, port).then((addresses) => {
      connectTo(addresses, { ...tls, timeout: 0 }, options, (error, socket) => {
        // Left out, rather than null as the types say, when it failed.
        if (socket) answered.resolve(socket);
        else answered.reject(error);
        // Too late: nobody takes it any more.
        answered.promise.catch(() => socket?.destroy());
      });
    }).catch(answered.reject);
    answered.promise.finally(() => clearTimeout(timer)).then(
      (socket) => callback(null, socket),
      (error) => callback(error, null),
    );
  }

  #failure(error: unknown, request: ClientRequest): Attempt {
    if (error instanceof AetherError) return { error, mayRepeat: false };
    const { host } = request.url;
    const code = codeOf(error);
    if (isAbort(error)) return { error: this.#ended(request), mayRepeat: false };
    const tls = tlsFailure(code);
    if (tls !== undefined) {
      const { message, hint } = tls;
      const text = `${host}: ${message} (${code})`;
      const failure = new AetherError("HTTP_UNREACHABLE", text, { hint, cause: error });
      return { error: failure, mayRepeat: false };
    }
    const wasSent = !beforeSending.has(code);
    const reason = error instanceof Error ? error.message : String(error);
    const refused = code.startsWith("UND_ERR_INVALID");
    return {
      error: new AetherError(
        refused ? "HTTP_REFUSED" : code.includes("TIMEOUT") ? "HTTP_TIMEOUT" : "HTTP_UNREACHABLE",
        `${host}: ${reason}${code === "" ? "" : ` (${code})`}`,
        { cause: error },
      ),
      mayRepeat: !refused && (!wasSent || request.isIdempotent),
    };
  }

  #ended({ signal, timeoutMs, url }: ClientRequest): AetherError {
    return signal.aborted
      ? new AetherError("RESOURCE_LOST", "The instance has ended")
      : new AetherError("HTTP_TIMEOUT", `${url.host} did not answer within ${timeoutMs} ms`);
  }
}

function connectTo(
  addresses: readonly string[],
  settings: buildConnector.BuildOptions,
  options: buildConnector.Options,
  callback: buildConnector.Callback,
): void {
  const list = addresses.map((address) => ({
    address,
    family: address.includes(":") ? 6 : 4,
  }));
  const [first = { address: "", family: 4 }] = list;
  const connect = buildConnector({
    ...settings,
    lookup: (_host, lookup, answer) => {
      if (lookup.all === true) answer(null, list);
      else answer(null, first.address, first.family);
    },
  });
  connect(options, callback);
}

/** Failures after which nothing of the request can have arrived. */
const beforeSending: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function isTransient(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

function retryAfterMs({ headers }: ClientAnswer): number | undefined {
  const text = headers["retry-after"];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : undefined;
}

function redirectOf({ status, headers }: ClientAnswer, from: URL): URL | undefined {
  const { location } = headers;
  if (![301, 302, 303, 307, 308].includes(status) || location === undefined) return undefined;
  const target = URL.parse(location, from);
  if (target !== null && /^https?:$/.test(target.protocol)) return target;
  throw new AetherError("HTTP_REFUSED", "A redirect leads to no http or https address");
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  if ("code" in error && typeof error.code === "string") return error.code;
  // Several addresses were tried.
  const { errors } = error as { errors?: unknown[] };
  return Array.isArray(errors) ? codeOf(errors[0]) : "";
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]]
    ),
  );
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** Spreads the attempts of many callers. */
function random(): number {
  return Math.random();
}
