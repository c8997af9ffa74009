/**
 * Reads request bodies within a limit.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import { formatByteSize } from "../base/byte_size.ts";

/**
 * The body's bytes.
 *
 * @throws {AetherError} BODY_TOO_LARGE as soon as the limit is passed.
 */
export async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > maxBytes) throw tooLarge(maxBytes);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
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
