/**
 * `http()`: requests to another service, sent by the node with the operator's address, credentials
 * and certificates.
 *
 * @module
 */
import { type ResourceSpec, sectionOptions } from "./spec.ts";

/** A value of a query string; undefined leaves the name out. */
export type HttpQueryValue = string | number | boolean | undefined;

/** Options of one request. */
export interface HttpOptions {
  readonly query?: Readonly<Record<string, HttpQueryValue>>;
  /** Over those of the section. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A body as JSON. */
  readonly json?: unknown;
  /** A body as it is; not together with `json`. */
  readonly body?: string | Uint8Array;
  /** Time limit of all attempts together, at most the section's `timeout`. */
  readonly timeoutMs?: number;
  /** Whether the request may be sent again after it failed. @default {true unless POST, PATCH} */
  readonly idempotent?: boolean;
}

/** An answer with its whole body, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  /** Whether the status is 200 to 299. */
  readonly ok: boolean;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The body as text. */
  text(): string;
  /** The body as JSON; it can be anything, so check it. */
  json(): unknown;
}

/** A client of one service. */
export interface HttpHandle {
  /**
   * Sends a request; paths count from the section's `baseUrl`.
   *
   * @throws HTTP_REFUSED for what the operator or slice.toml do not allow; HTTP_UNREACHABLE,
   * HTTP_TIMEOUT or HTTP_TOO_LARGE; RESOURCE_LOST when the outcome is not known.
   */
  request(method: string, path: string, options?: HttpOptions): Promise<HttpAnswer>;
  /** `request("GET", …)`. */
  get(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  /** `request("POST", …)`. */
  post(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  /** `request("PUT", …)`. */
  put(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  /** `request("PATCH", …)`. */
  patch(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  /** `request("DELETE", …)`. */
  delete(path: string, options?: HttpOptions): Promise<HttpAnswer>;
}

/**
 * Needs the HTTP client of `[resources.<section>]`; all slices of a node share its connections.
 *
 * @throws {TypeError} when the section is no name.
 * @example
 * ```ts
 * import { http } from "aether";
 * console.assert(http("payments").options.section === "payments");
 * ```
 */
export function http(section: string): ResourceSpec<HttpHandle> {
  const options = sectionOptions("http", section);
  return { kind: "resource", type: "http", options, schema: undefined };
}
