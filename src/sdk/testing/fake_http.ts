/**
 * `fakeHttp()`: another service as a function, with the requests that it got.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { HttpAnswer, HttpHandle, HttpOptions } from "../resource/http.ts";
import { HttpClient, queryTexts, ReceivedAnswer } from "../resource/http_client.ts";

/** A request as the fake service gets it. */
export interface FakeHttpRequest {
  readonly method: string;
  /** Path from the section's `baseUrl`, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The JSON body, if any. */
  readonly json: unknown;
  /** The body when it is not JSON. */
  readonly body: string | Uint8Array | undefined;
}

/** What a fake service answers; JSON or a body, or neither. */
export interface FakeHttpAnswer {
  /** @default {200} */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string | Uint8Array;
}

/** Answers one request; what it throws is what the slice's request throws. */
export type FakeService = (
  request: FakeHttpRequest,
) => FakeHttpAnswer | Promise<FakeHttpAnswer>;

/** An `http()` whose requests a test can look at. */
export interface FakeHttp extends HttpHandle {
  /** Every request so far, the oldest first. */
  readonly requests: readonly FakeHttpRequest[];
}

/**
 * An `http()` that a function answers. Without one, requests fail as those to a service that does
 * not run.
 *
 * @example
 * ```ts
 * import { fakeHttp } from "aether";
 * const bank = fakeHttp(({ path }) =>
 *   path === "/charges" ? { json: { id: "c1" } } : { status: 404 }
 * );
 * console.assert((await bank.post("/charges", { json: { cents: 5 } })).ok);
 * console.assert(bank.requests.length === 1);
 * ```
 */
export function fakeHttp(answer?: FakeService): FakeHttp {
  return new FakeHttpClient(answer ?? unreachable);
}

function unreachable({ path }: FakeHttpRequest): FakeHttpAnswer {
  throw new AetherError(
    "HTTP_UNREACHABLE",
    `The test answers no request to "${path}": give fakeHttp() a function`,
  );
}

class FakeHttpClient extends HttpClient implements FakeHttp {
  readonly requests: FakeHttpRequest[] = [];
  readonly #answer: FakeService;

  constructor(answer: FakeService) {
    super();
    this.#answer = answer;
  }

  async request(method: string, path: string, options: HttpOptions = {}): Promise<HttpAnswer> {
    const { headers = {}, json, body } = options;
    const request: FakeHttpRequest = {
      method: method.toUpperCase(),
      path,
      query: queryTexts(options),
      headers: lowered(headers),
      json: json === undefined ? undefined : JSON.parse(JSON.stringify(json)),
      body,
    };
    this.requests.push(request);
    return received(await this.#answer(request));
  }
}

function received({ status = 200, headers = {}, json, body }: FakeHttpAnswer): HttpAnswer {
  const text = json === undefined ? body ?? "" : JSON.stringify(json);
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  return new ReceivedAnswer({ status, headers: lowered(headers), body: bytes });
}

function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
