/**
 * A row of the route table and a caller's values, as the parts of an HTTP request.
 *
 * Pure text work: {@link AetherClient} sends the result. Values that no URL can carry are refused
 * here, because a URL parser would silently change them.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import type { RawBody, Row } from "../protocol/api/row.ts";

/** What a caller gives, with the row's types erased. */
export interface LooseCall {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}

/** The parts of a request. */
export interface RequestParts {
  readonly method: Row["method"];
  /** Path and query, starting with a slash. */
  readonly target: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer> | string | undefined;
}

/**
 * The request for a call of a row.
 *
 * @throws {AetherError} REQUEST_INVALID when a parameter is missing or cannot stand in a path
 */
export function buildRequest(row: Row, call: LooseCall): RequestParts {
  const headers = new Headers({ accept: accepted(row) });
  for (const [name, value] of given(call.headers)) setHeader(headers, name, value);
  return {
    method: row.method,
    target: fillPath(row.path, call.params) + queryText(call.query),
    headers,
    body: bodyOf(row, call.body, headers),
  };
}

/**
 * A path template with its parameters: `{name}` is one segment, `{name+}` the rest of the path.
 *
 * @throws {AetherError} REQUEST_INVALID when a parameter is missing or cannot stand in a path
 *
 * @example
 * ```ts
 * import { fillPath } from "./request.ts";
 * console.assert(fillPath("/api/kv/{key+}", { key: "a b/c" }) === "/api/kv/a%20b/c");
 * ```
 */
export function fillPath(template: string, params: unknown): string {
  const values = new Map(given(params));
  return template.replaceAll(/\{(\w+)(\+?)\}/g, (_, name: string, rest: string) => {
    const value = values.get(name);
    if (value === undefined || value === "") {
      throw new AetherError("REQUEST_INVALID", `The parameter "${name}" of ${template} is missing`);
    }
    const segments = rest === "" ? [value] : value.split("/");
    return segments.map((segment) => encodeSegment(segment, name)).join("/");
  });
}

function encodeSegment(segment: string, name: string): string {
  if (segment === "." || segment === "..") {
    const text = `The ${name} has a part "${segment}", which paths cannot carry; rename it`;
    throw new AetherError("REQUEST_INVALID", text);
  }
  if (!segment.isWellFormed()) {
    const text = `The ${name} is not valid Unicode text; remove the broken characters`;
    throw new AetherError("REQUEST_INVALID", text);
  }
  return encodeURIComponent(segment);
}

function queryText(query: unknown): string {
  const entries = given(query);
  return entries.length === 0 ? "" : `?${new URLSearchParams(entries)}`;
}

/** The values that are there, as text. */
function given(values: unknown): [name: string, value: string][] {
  if (typeof values !== "object" || values === null) return [];
  return Object.entries(values).filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, String(value)]);
}

function setHeader(headers: Headers, name: string, value: string): void {
  if (!/^[\t\x20-\x7e]*$/.test(value)) {
    const text = `The header ${name} cannot be ${JSON.stringify(value)}; use plain ASCII text`;
    throw new AetherError("REQUEST_INVALID", text);
  }
  headers.set(name, value);
}

function bodyOf(row: Row, body: unknown, headers: Headers): RequestParts["body"] {
  if (row.body === undefined) return undefined;
  if (row.body !== "raw") {
    headers.set("content-type", "application/json");
    return JSON.stringify(body ?? null);
  }
  const { bytes, contentType } = body as RawBody;
  setHeader(headers, "content-type", contentType);
  // fetch wants bytes that no other thread can change; those of a caller are copied when needed.
  return bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
}

function accepted(row: Row): string {
  if (row.response === "raw") return "*/*";
  const type = row.response === "stream" ? "text/event-stream" : "application/json";
  return `${type}, application/problem+json`;
}
