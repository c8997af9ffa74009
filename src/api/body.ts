/**
 * Reads request bodies within a limit.
 *
 * @module
 */
import type { Deadlines } from "../base/deadlines.ts";
import { AetherError } from "../base/errors.ts";
import { formatByteSize } from "../base/byte_size.ts";

/** A body of so many declared bytes is read whole, which costs a fraction of reading a stream. */
const smallBytesMax = 64 * 1024;

/** Limits of a body. */
export interface BodyLimits {
  readonly maxBytes: number;
  /** Longest time without a byte, or for a small body, in milliseconds. */
  readonly idleTimeoutMs: number;
  readonly deadlines: Deadlines;
}

/**
 * The body's bytes.
 *
 * @throws {AetherError} BODY_TOO_LARGE as soon as the limit is passed; BODY_TIMEOUT when the
 * client stops sending.
 */
export async function readBytes(request: Request, limits: BodyLimits): Promise<Uint8Array> {
  const { maxBytes, idleTimeoutMs, deadlines } = limits;
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const late = () => lateError(idleTimeoutMs);
  const isSmall = declared > 0 && declared <= smallBytesMax;
  if (isSmall && !request.headers.has("transfer-encoding")) {
    return new Uint8Array(await deadlines.within(request.arrayBuffer(), idleTimeoutMs, late));
  }
  if (request.body === null) return new Uint8Array();
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (;;) {
      const { value, done } = await deadlines.within(reader.read(), idleTimeoutMs, late);
      if (done) break;
      length += value.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      chunks.push(value);
    }
  } catch (error) {
    // Nobody waits for the rest, nor for the end of a connection that broke.
    reader.cancel().catch(() => {});
    throw error;
  }
  const only = chunks[0];
  if (chunks.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function lateError(timeoutMs: number): AetherError {
  const text = `No byte of the body came for ${timeoutMs} ms`;
  return new AetherError("BODY_TIMEOUT", `${text}, the limit of management.requestTimeout`);
}

function tooLarge(maxBytes: number): AetherError {
  return new AetherError(
    "BODY_TOO_LARGE",
    `The body is larger than the limit of ${formatByteSize(maxBytes)} (${maxBytes} bytes)`,
    { hint: "Send less" },
  );
}

/**
 * Bytes as text.
 *
 * @throws {AetherError} REQUEST_INVALID when they are not UTF-8.
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AetherError("REQUEST_INVALID", "The body is not UTF-8 text: save it as UTF-8", {
      cause,
    });
  }
}
