/**
 * Cross-origin requests of browsers, as the operator allows them (Fetch standard, CORS protocol).
 *
 * @module
 */
import type { Config } from "../../protocol/config/config.ts";

/** The rules of `[app.cors]`. */
export class Cors {
  readonly #rules: Config["app"]["cors"];
  readonly #isAny: boolean;
  readonly #origins: ReadonlySet<string>;

  constructor(rules: Config["app"]["cors"]) {
    this.#rules = rules;
    this.#isAny = rules.origins.includes("*");
    this.#origins = new Set(rules.origins);
  }

  /** Whether pages of any other origin may use the applications. */
  get isOn(): boolean {
    return this.#rules.origins.length > 0;
  }

  /** Whether pages of an origin may use the applications. */
  allows(origin: string): boolean {
    return this.#isAny || this.#origins.has(origin);
  }

  /** The answer to a browser that asks first; undefined when the request is no such question. */
  preflight(request: Request, methods: string): Response | undefined {
    const { headers } = request;
    const origin = headers.get("origin");
    const wanted = headers.get("access-control-request-method");
    if (request.method !== "OPTIONS" || origin === null || wanted === null) return undefined;
    const response = new Response(null, { status: 204, headers: { vary: "Origin" } });
    if (!this.allows(origin)) return response;
    this.allow(response, origin);
    response.headers.set("access-control-allow-methods", methods);
    response.headers.set("access-control-allow-headers", this.#rules.headers.join(", "));
    const seconds = Math.floor(this.#rules.cacheTimeoutMs / 1_000);
    response.headers.set("access-control-max-age", String(seconds));
    return response;
  }

  /** Lets a page of this origin read the answer, if it may. */
  allow(response: Response, origin: string): void {
    const { headers } = response;
    if (!this.#isAny) headers.append("vary", "Origin");
    if (!this.allows(origin)) return;
    headers.set("access-control-allow-origin", this.#isAny ? "*" : origin);
    headers.set("access-control-expose-headers", "x-request-id, retry-after");
    if (this.#rules.credentials) headers.set("access-control-allow-credentials", "true");
  }
}
