/**
 * The resource type `http`: a client of one other service, shared by the slices of a node.
 *
 * A slice names paths; address, credentials and certificates are the section's. Hosts other than
 * that of `baseUrl`, also after a redirect, must stand in the slice's manifest.
 *
 * @module
 */
import { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import { netAllows } from "../../deployment/ceiling.ts";
import {
  type CallMessage,
  parseCall,
  type ResourceFactory,
  type ResourceSession,
  type ResourceUser,
  type SharedResource,
} from "../factory.ts";
import type { ClientAnswer, HttpClient } from "../http/client.ts";
import { fromWire, toWire } from "../http/naming.ts";
import { networkExtension } from "../http/network.ts";
import { httpOptionsSchema, type HttpSection } from "../http/options.ts";

const methods = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"] as const;
/** Headers that belong to the connection, not to the slice. */
const ownHeaders: ReadonlySet<string> = new Set([
  ...["host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer"],
  ...["expect", "keep-alive", "proxy-authorization", "proxy-connection"],
]);

/** Of the requests of one instance that wait: they are held in the node, not in the slice. */
const waitingBytesMax = 64 * 1024 * 1024;

const callSchema = z.object({
  op: z.literal("request"),
  method: z.enum(methods),
  path: z.string().max(8_192),
  query: z.record(z.string(), z.string()).default({}),
  headers: z.record(
    z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/).refine(
      (name) => !ownHeaders.has(name.toLowerCase()),
      {
        error: "is set by the node",
      },
    ),
    z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/),
  ).default({}),
  json: z.string().optional(),
  body: z.union([z.string(), z.instanceof(Uint8Array)]).optional(),
  timeoutMs: z.number().positive().optional(),
  idempotent: z.boolean().optional(),
});
type Call = z.output<typeof callSchema>;

/** Opens clients. */
export const httpFactory: ResourceFactory<HttpSection> = {
  type: "http",
  priority: 0,
  options: httpOptionsSchema,
  supports: (section) => section !== undefined,
  async open(options, context): Promise<SharedResource> {
    const network = context.extension(networkExtension);
    // Loaded with the first client: most nodes have none.
    const { HttpClient } = await import("../http/client.ts");
    const client = new HttpClient(options, network);
    return {
      session: (user) => new HttpSession(options, client, user),
      close: () => client.close(),
    };
  },
};

class HttpSession implements ResourceSession {
  readonly #options: HttpSection;
  readonly #client: HttpClient;
  readonly #user: ResourceUser;
  readonly #base: URL;
  readonly #ended = new AbortController();
  #waitingBytes = 0;

  constructor(options: HttpSection, client: HttpClient, user: ResourceUser) {
    this.#options = options;
    this.#client = client;
    this.#user = user;
    this.#base = new URL(options.baseUrl);
  }

  async call(message: CallMessage): Promise<unknown> {
    const call = parseCall(callSchema, message);
    const bytes = bytesOf(call);
    if (this.#waitingBytes + bytes > waitingBytesMax) {
      const text = `Requests of ${this.#waitingBytes} bytes wait; the limit is ${waitingBytesMax}`;
      throw new AetherError("OVERLOADED", text);
    }
    this.#waitingBytes += bytes;
    try {
      return await this.#send(call);
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  close(): void {
    this.#ended.abort();
  }

  async #send(call: Call): Promise<unknown> {
    const { timeout } = this.#options;
    const answer = await this.#client.send({
      method: call.method,
      url: this.#urlOf(call),
      headers: call.json === undefined
        ? call.headers
        : { "content-type": "application/json", accept: "application/json", ...call.headers },
      body: this.#bodyOf(call),
      timeoutMs: Math.min(call.timeoutMs ?? timeout, timeout),
      isIdempotent: call.idempotent ?? (call.method !== "POST" && call.method !== "PATCH"),
      check: (url) => this.#check(url),
      signal: this.#ended.signal,
    });
    return { ...answer, body: this.#answerBody(answer) };
  }

  #urlOf({ path, query }: Call): URL {
    const isAbsolute = /^[a-z][a-z0-9+.-]*:/i.test(path);
    const prefix = this.#base.pathname.replace(/\/$/, "");
    const text = isAbsolute ? path : `${this.#base.origin}${prefix}/${path.replace(/^\/+/, "")}`;
    const url = URL.parse(text);
    if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password !== "") {
      throw new AetherError("HTTP_REFUSED", "The path is neither a path nor an http address");
    }
    const isInside = url.pathname === prefix || url.pathname.startsWith(`${prefix}/`);
    if (url.origin === this.#base.origin && !isInside) {
      // Without the address: there are services whose path is the credential.
      throw new AetherError("HTTP_REFUSED", "The path leads out of the section's address");
    }
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
    url.hash = "";
    return url;
  }

  #check(url: URL): void {
    if (url.origin === this.#base.origin) return;
    const port = url.port || (url.protocol === "https:" ? "443" : "80");
    const entry = `${url.hostname}:${port}`;
    if (this.#user.hosts.some((allowed) => netAllows(allowed, entry))) return;
    throw new AetherError(
      "HTTP_REFUSED",
      `${this.#user.artifactBase} may not send requests to ${entry}: it is neither the host of ` +
        "the section nor one that slice.toml asks for",
      { hint: `Add "${entry}" to net under [permissions] in slice.toml` },
    );
  }

  #bodyOf({ json, body }: Call): string | Uint8Array | undefined {
    const { jsonNaming, maxBodyBytes } = this.#options;
    const sent = json === undefined ? body : toWire(json, jsonNaming);
    if (sent !== undefined && sent.length > maxBodyBytes) {
      throw new AetherError(
        "HTTP_REFUSED",
        `The body has ${sent.length} bytes; maxBodyBytes of the section is ${maxBodyBytes}`,
      );
    }
    return sent;
  }

  #answerBody({ headers, body }: ClientAnswer): Uint8Array {
    const { jsonNaming } = this.#options;
    const isJson = /^application\/([^;]+\+)?json\b/i.test(headers["content-type"] ?? "");
    if (jsonNaming === "as-is" || !isJson) return body;
    try {
      return new TextEncoder().encode(fromWire(new TextDecoder().decode(body), jsonNaming));
    } catch {
      // The slice sees what it is: no JSON after all.
      return body;
    }
  }
}

/** What a request holds while it waits, roughly. */
function bytesOf({ json = "", body = "", query, headers }: Call): number {
  const names = [...Object.entries(query), ...Object.entries(headers)].flat();
  return names.reduce((sum, text) => sum + text.length, json.length + body.length);
}
