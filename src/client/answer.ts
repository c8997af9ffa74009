/**
 * An HTTP answer of the management API as the value that its row promises, or as the error that it
 * describes.
 *
 * Called by {@link AetherClient} only. It is lenient towards newer nodes: unknown fields stay.
 *
 * @module
 */
import type { ErrorName } from "../base/error_catalog.ts";
import { AetherError, type Problem } from "../base/errors.ts";
import type { RawBody, Row } from "../protocol/api/row.ts";
import { limits } from "../protocol/limits.ts";

/** Largest answer that is read, in bytes: the largest artifact and some headroom. */
const answerBytesMax = limits.artifactBytes + 1024 * 1024;
/** How much of an unexpected text is shown. */
const excerptLength = 200;

/** Errors for answers that carry no problem document, such as those of a proxy. */
const namesByStatus: Readonly<Record<number, ErrorName>> = {
  400: "REQUEST_INVALID",
  401: "UNAUTHENTICATED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  405: "METHOD_NOT_ALLOWED",
  413: "BODY_TOO_LARGE",
  502: "UNREACHABLE",
  503: "OVERLOADED",
  504: "TIMEOUT",
};

/**
 * The body of a successful answer.
 *
 * @throws {AetherError} the error that the answer describes; INTERNAL when it is not understood
 */
export async function readAnswer(row: Row, response: Response): Promise<unknown> {
  if (!response.ok) throw await readError(response);
  const bytes = await readBytes(response);
  if (row.response === "none" || row.response === "stream") return undefined;
  if (row.response === "raw") {
    const contentType = response.headers.get("content-type") ?? "application/octet-stream";
    return { bytes, contentType } satisfies RawBody;
  }
  const body = parseJson(bytes);
  const checked = row.response.safeParse(body);
  if (checked.success) return body;
  const issue = checked.error.issues[0];
  const place = issue === undefined ? "" : `: ${issue.path.join(".")}: ${issue.message}`;
  throw new AetherError("INTERNAL", `The answer to ${row.method} ${row.path} is odd${place}`, {
    hint: "Use the version of aether that the node runs, see `aether version` and `aether status`",
  });
}

/** The error that an answer describes. */
export async function readError(response: Response): Promise<AetherError> {
  const bytes = await readBytes(response);
  const type = response.headers.get("content-type") ?? "";
  const body = type.includes("json") ? parseJson(bytes) : undefined;
  if (typeof body === "object" && body !== null && "name" in body && "detail" in body) {
    return AetherError.fromProblem(body as Partial<Problem>);
  }
  const text = new TextDecoder().decode(bytes.subarray(0, excerptLength)).trim();
  const shown = text === "" ? "without a text" : JSON.stringify(text);
  const message = `The server answered ${response.status} ${shown}`;
  return new AetherError(namesByStatus[response.status] ?? "INTERNAL", message, {
    hint: "Check that the address is a management API of aether, not another server",
  });
}

/** The JSON of a body, or undefined when it is none. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The caller reports it together with what was expected.
    return undefined;
  }
}

async function readBytes(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    if (length > answerBytesMax) {
      throw new AetherError("INTERNAL", `The answer is larger than ${answerBytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
