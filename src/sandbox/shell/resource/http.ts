/**
 * The handle of `http()`: sends what a slice asks for to the node, which has the connections.
 *
 * @module
 */
import type { HttpAnswer, HttpOptions } from "../../../sdk/resource/http.ts";
import { HttpClient, queryTexts, ReceivedAnswer } from "../../../sdk/resource/http_client.ts";
import type { ResourcePort } from "./port.ts";

/** See `HttpHandle`. */
export class HttpProxy extends HttpClient {
  readonly #resource: string;
  readonly #port: ResourcePort;

  constructor(resource: string, port: ResourcePort) {
    super();
    this.#resource = resource;
    this.#port = port;
  }

  async request(method: string, path: string, options: HttpOptions = {}): Promise<HttpAnswer> {
    const { headers, json, body, timeoutMs, idempotent } = options;
    const answer = await this.#port.request({
      resource: this.#resource,
      op: "request",
      method,
      path,
      query: queryTexts(options),
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...(json === undefined ? {} : { json: JSON.stringify(json) }),
      ...(body === undefined ? {} : { body }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(idempotent === undefined ? {} : { idempotent }),
    });
    return new ReceivedAnswer(answer as HttpAnswer);
  }
}
