/**
 * The part of a generated client that is the same for every slice, as text.
 *
 * `NAME` stands for the slice's name. Plain fetch and nothing else, so that it runs in browsers,
 * Deno, Node and Bun. Called by `generate.ts`; a test compiles it under `strict` and calls a slice.
 *
 * @module
 */

/** See the module. */
export const clientRuntime = `/** An error that the slice answered on purpose. */
export class NAMEError<Code extends NAMEErrorCode = NAMEErrorCode> extends Error {
  override readonly name = "NAMEError";
  readonly code: Code;
  /** HTTP status of the answer. */
  readonly status: number;
  readonly data: NAMEErrorData[Code];

  constructor(code: Code, message: string, status: number, data: NAMEErrorData[Code]) {
    super(message);
    this.code = code;
    this.status = status;
    this.data = data;
  }
}

/** Whether something thrown is the slice's error with this code; narrows its data. */
export function isNAMEError<Code extends NAMEErrorCode>(
  error: unknown,
  code: Code,
): error is NAMEError<Code> {
  return error instanceof NAMEError && error.code === code;
}

/** What kept the slice from answering: its cluster refused or lost the call, or nobody answered. */
export class NAMEFailure extends Error {
  override readonly name = "NAMEFailure";
  /** Name of the error, such as INPUT_INVALID; NETWORK or TIMEOUT without an answer. */
  readonly reason: string;
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  /** What is wrong with the input, field by field. */
  readonly issues: readonly { readonly path: string; readonly message: string }[];
  /** Names the request in the cluster's logs. */
  readonly requestId: string | undefined;

  constructor(
    message: string,
    about: Partial<Pick<NAMEFailure, "issues" | "requestId" | "cause">> & {
      readonly reason: string;
      readonly status: number;
    },
  ) {
    super(message, { cause: about.cause });
    this.reason = about.reason;
    this.status = about.status;
    this.issues = about.issues ?? [];
    this.requestId = about.requestId;
  }
}

/** Where the slice is and how it is called. */
export interface NAMEClientOptions {
  /** Address of the applications, such as https://shop.example. */
  readonly baseUrl: string;
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Time for an answer to begin, in milliseconds. @default {30000} */
  readonly timeoutMs?: number;
  /** @default {globalThis.fetch} */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** How one call is sent. */
export interface NAMECallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

interface Route {
  readonly method: string;
  readonly path: string;
}

class Transport {
  readonly #options: NAMEClientOptions;

  constructor(options: NAMEClientOptions) {
    this.#options = options;
  }

  async json<Output>(route: Route, input: unknown, options: NAMECallOptions = {}): Promise<Output> {
    const response = await this.send(route, input, options);
    const text = await response.text();
    return (text === "" ? null : JSON.parse(text)) as Output;
  }

  async *events<Item>(
    route: Route,
    input: unknown,
    options: NAMECallOptions = {},
  ): AsyncGenerator<Item, void, void> {
    const { body } = await this.send(route, input, options);
    if (body === null) return;
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (value !== undefined) text += decoder.decode(value, { stream: true });
        for (let end = text.indexOf("\\n\\n"); end !== -1; end = text.indexOf("\\n\\n")) {
          const lines = text.slice(0, end).split("\\n");
          text = text.slice(end + 2);
          const data = lines.filter((line) => line.startsWith("data:"))
            .map((line) => line.slice(5).replace(/^ /, "")).join("\\n");
          if (data !== "") yield JSON.parse(data) as Item;
        }
        if (done) return;
      }
    } finally {
      await reader.cancel();
    }
  }

  async send(
    route: Route,
    input: unknown,
    options: NAMECallOptions = {},
    body?: BodyInit,
  ): Promise<Response> {
    const { url, json } = this.#request(route, input, body !== undefined);
    const own = body ?? json;
    const call = this.#options.fetch ?? ((to: string, init: RequestInit) => fetch(to, init));
    const timeout = new AbortController();
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? 30_000;
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    const signals = options.signal === undefined
      ? [timeout.signal]
      : [timeout.signal, options.signal];
    let response: Response;
    try {
      response = await call(url, {
        method: route.method,
        headers: {
          ...(json === undefined ? {} : { "content-type": "application/json" }),
          ...this.#options.headers,
          ...options.headers,
        },
        ...(own === undefined ? {} : { body: own }),
        signal: AbortSignal.any(signals),
      });
    } catch (cause) {
      if (options.signal?.aborted === true) throw cause;
      const isLate = timeout.signal.aborted;
      const reason = isLate ? "TIMEOUT" : "NETWORK";
      const what = isLate ? \`did not answer within \${timeoutMs} ms\` : "cannot be reached";
      throw new NAMEFailure(\`\${url} \${what}\`, { reason, status: 0, cause });
    } finally {
      clearTimeout(timer);
    }
    if (!response.ok) throw await failure(response);
    return response;
  }

  #request(
    { method, path }: Route,
    input: unknown,
    hasBody: boolean,
  ): { readonly url: string; readonly json: string | undefined } {
    const base = this.#options.baseUrl.replace(/\\/+$/, "");
    const isFields = typeof input === "object" && input !== null && !Array.isArray(input);
    if (!isFields) {
      return { url: base + path, json: input === undefined ? undefined : JSON.stringify(input) };
    }
    const rest: Record<string, unknown> = { ...input };
    const filled = path.replaceAll(/:([A-Za-z][A-Za-z0-9]*)/g, (_, name: string) => {
      const value = rest[name];
      delete rest[name];
      return encodeURIComponent(String(value));
    });
    if (!hasBody && method !== "GET" && method !== "HEAD") {
      return { url: base + filled, json: JSON.stringify(rest) };
    }
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(rest)) {
      for (const each of Array.isArray(value) ? value : [value]) {
        if (each !== undefined) query.append(name, String(each));
      }
    }
    const text = query.toString();
    return { url: base + filled + (text === "" ? "" : \`?\${text}\`), json: undefined };
  }
}

async function failure(response: Response): Promise<Error> {
  const text = await response.text();
  let problem: Record<string, unknown>;
  try {
    problem = JSON.parse(text) as Record<string, unknown>;
  } catch {
    problem = {};
  }
  const { type, code, detail, name, data, issues, requestId } = problem;
  const message = typeof detail === "string"
    ? detail
    : \`The answer has status \${response.status}\`;
  if (typeof type === "string" && type.startsWith("urn:aether:slice-error:")) {
    return new NAMEError(
      String(code) as NAMEErrorCode,
      message,
      response.status,
      data as NAMEErrorData[NAMEErrorCode],
    );
  }
  return new NAMEFailure(message, {
    reason: typeof name === "string" ? name : "HTTP",
    status: response.status,
    issues: Array.isArray(issues) ? issues : [],
    requestId: typeof requestId === "string" ? requestId : undefined,
  });
}
`;
