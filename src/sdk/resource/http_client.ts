/**
 * What every `http()` has in common, the one of a node and the one of a test.
 *
 * @module
 */
import type { HttpAnswer, HttpHandle, HttpOptions } from "./http.ts";

/** A client that knows how to send a request. */
export abstract class HttpClient implements HttpHandle {
  abstract request(method: string, path: string, options?: HttpOptions): Promise<HttpAnswer>;

  get(path: string, options?: HttpOptions): Promise<HttpAnswer> {
    return this.request("GET", path, options);
  }

  post(path: string, options?: HttpOptions): Promise<HttpAnswer> {
    return this.request("POST", path, options);
  }

  put(path: string, options?: HttpOptions): Promise<HttpAnswer> {
    return this.request("PUT", path, options);
  }

  patch(path: string, options?: HttpOptions): Promise<HttpAnswer> {
    return this.request("PATCH", path, options);
  }

  delete(path: string, options?: HttpOptions): Promise<HttpAnswer> {
    return this.request("DELETE", path, options);
  }
}

/**
 * The texts of a request's query.
 *
 * @throws {TypeError} when the request has two bodies.
 */
export function queryTexts({ query = {}, json, body }: HttpOptions): Record<string, string> {
  if (json !== undefined && body !== undefined) {
    throw new TypeError("A request has json or body, not both");
  }
  return Object.fromEntries(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]]
    ),
  );
}

/** See {@link HttpAnswer}. */
export class ReceivedAnswer implements HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;

  constructor({ status, headers, body }: Pick<HttpAnswer, "status" | "headers" | "body">) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  text(): string {
    return new TextDecoder().decode(this.body);
  }

  json(): unknown {
    return JSON.parse(this.text());
  }
}
