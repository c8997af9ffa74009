/**
 * The handle of `http()`: sends what a slice asks for to the node, which has the connections.
 *
 * @module
 */
import type { HttpAnswer, HttpHandle, HttpOptions } from "../../../sdk/resource/http.ts";
import type { ResourcePort } from "./port.ts";

/** See {@link HttpHandle}. */
export class HttpProxy implements HttpHandle {
  readonly #resource: string;
  readonly #port: ResourcePort;

  constructor(resource: string, port: ResourcePort) {
    this.#resource = resource;
    this.#port = port;
  }

  async request(method: string, path: string, options: HttpOptions = {}): Promise<HttpAnswer> {
    const { query = {}, headers, json, body, timeoutMs, idempotent } = options;
    if (json !== undefined && body !== undefined) {
      throw new TypeError("A request has json or body, not both");
    }
    const texts = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]]
    );
    const answer = await this.#port.request({
      resource: this.#resource,
      op: "request",
      method,
      path,
      query: Object.fromEntries(texts),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...(json === undefined ? {} : { json: JSON.stringify(json) }),
      ...(body === undefined ? {} : { body }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(idempotent === undefined ? {} : { idempotent }),
    });
    return new Answer(answer as RawAnswer);
  }

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

type RawAnswer = Pick<HttpAnswer, "status" | "headers" | "body">;

class Answer implements HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;

  constructor({ status, headers, body }: RawAnswer) {
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
