/**
 * Reads a request as far as the gateway needs: path, query, id, length of the body.
 *
 * It also refuses what Deno.serve lets pass and what differs between servers, which is how requests
 * are smuggled (RFC 9112 section 11.2).
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { limits } from "../../protocol/limits.ts";

const requestIdPattern = /^[A-Za-z0-9._~-]{1,64}$/;
const lengthPattern = /^\d{1,15}$/;

/** Makes request ids that are unique in the cluster: a random part per process, and a number. */
export class RequestIds {
  readonly #prefix: string;
  #next = 0;

  constructor() {
    this.#prefix = `${crypto.randomUUID().slice(0, 13).replace("-", "")}-`;
  }

  /** The id that the client gave when it is valid, else a new one. */
  of(headers: Headers): string {
    const given = headers.get("x-request-id");
    if (given !== null && given.length <= limits.requestIdLength && requestIdPattern.test(given)) {
      return given;
    }
    return this.next();
  }

  /** A new id. */
  next(): string {
    return this.#prefix + (this.#next++).toString(36);
  }
}

/** Path and query of a request's URL, undecoded. */
export function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const pathStart = url.indexOf("/", url.indexOf("//") + 2);
  if (pathStart < 0) return { path: "/", query: "" };
  const queryStart = url.indexOf("?", pathStart);
  if (queryStart < 0) return { path: url.slice(pathStart), query: "" };
  return { path: url.slice(pathStart, queryStart), query: url.slice(queryStart + 1) };
}

/**
 * Length of the body in bytes; undefined for one in pieces, 0 for none.
 *
 * @throws {AetherError} REQUEST_INVALID when the headers leave room for another reading.
 */
export function bodyLength(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  const encoding = headers.get("transfer-encoding");
  if (length === null) return encoding === null ? 0 : undefined;
  if (encoding !== null) {
    // Whoever reads one of the two sees another body (RFC 9112 section 6.3).
    throw new AetherError(
      "REQUEST_INVALID",
      "Content-Length and Transfer-Encoding exclude each other",
    );
  }
  if (!lengthPattern.test(length)) {
    throw new AetherError("REQUEST_INVALID", `Content-Length "${length}" is not one number`);
  }
  return Number(length);
}

/** @throws {AetherError} CONTENT_TYPE_REFUSED for anything but JSON. */
export function checkContentType(contentType: string | null): void {
  if (contentType === null) return;
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (type === "application/json" || type.endsWith("+json")) return;
  throw new AetherError(
    "CONTENT_TYPE_REFUSED",
    `Content type "${type}" is not accepted by this route: send application/json`,
    { hint: "Set the header content-type: application/json" },
  );
}

/** The error of a body beyond its limit. */
export function tooLarge(maxBytes: number): AetherError {
  return new AetherError(
    "BODY_TOO_LARGE",
    `The body is larger than ${maxBytes} bytes`,
    { hint: "Send less, or let the operator raise app.maxBodyBytes or app.maxStreamBytes" },
  );
}
