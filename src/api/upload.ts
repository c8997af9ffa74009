/**
 * Request bodies as streams: with a limit, a time limit for silence, and the reason when they fail.
 *
 * @module
 */
import type { Deadlines } from "../base/deadlines.ts";
import { AetherError } from "../base/errors.ts";
import type { RawBody } from "../protocol/api/row.ts";

/** A body that is read as it comes; `bytes` is empty. */
export interface StreamedBody extends RawBody {
  /** What the client says; undefined when it does not. */
  readonly declaredBytes: number | undefined;
  /**
   * The bytes, read at the pace of their reader; fails when there are more than the limit.
   *
   * @throws {AetherError} what `tooLarge` gives, when the client says that there are more.
   */
  open(maxBytes: number, tooLarge: (bytes: string) => AetherError): UploadStream;
}

/** A stream that may be moved to another thread, where its error would lose its name. */
export interface UploadStream {
  readonly stream: ReadableStream<Uint8Array>;
  /** Why it failed, if it has. */
  readonly failure: () => AetherError | undefined;
}

/** How long a client may be silent. */
export interface UploadLimits {
  readonly idleTimeoutMs: number;
  readonly deadlines: Deadlines;
}

/** The body of a request. */
export function streamedBody(request: Request, limits: UploadLimits): StreamedBody {
  const length = request.headers.get("content-length");
  const declaredBytes = length === null ? undefined : Number(length);
  return {
    bytes: new Uint8Array(),
    contentType: request.headers.get("content-type") ?? "application/octet-stream",
    declaredBytes,
    open(maxBytes, tooLarge) {
      if (declaredBytes !== undefined && declaredBytes > maxBytes) {
        throw tooLarge(`${declaredBytes}`);
      }
      return limited(request.body, limits, maxBytes, () => tooLarge(`more than ${maxBytes}`));
    },
  };
}

function limited(
  body: ReadableStream<Uint8Array> | null,
  { idleTimeoutMs, deadlines }: UploadLimits,
  maxBytes: number,
  tooLarge: () => AetherError,
): UploadStream {
  const reader = body?.getReader();
  let failure: AetherError | undefined;
  let read = 0;
  const late = () =>
    new AetherError(
      "BODY_TIMEOUT",
      `No byte of the body came for ${idleTimeoutMs} ms, the limit of management.requestTimeout`,
    );
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const next = await (reader && deadlines.within(reader.read(), idleTimeoutMs, late));
        if (next === undefined || next.done) {
          controller.close();
          return;
        }
        read += next.value.length;
        if (read > maxBytes) throw tooLarge();
        controller.enqueue(next.value);
      } catch (error) {
        failure = error instanceof AetherError
          ? error
          : new AetherError("CALL_ENDED", "The client went away before the end of its body");
        reader?.cancel().catch(() => {});
        controller.error(failure);
      }
    },
    cancel: (reason) => reader?.cancel(reason),
  }, { highWaterMark: 0 });
  return { stream, failure: () => failure };
}
