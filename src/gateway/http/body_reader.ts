/**
 * Reads bodies of requests as they arrive: whole for methods that take JSON, piece by piece for
 * those that take a stream; and ends those whose client stops sending.
 *
 * Deno.serve waits for a body for ever, so the gateway keeps the time.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { bodyLength, checkContentType, tooLarge } from "./request_reader.ts";

/** Bodies up to this size are read in one go. */
const wholeBytesMax = 64 * 1024;

/** Limits of bodies. */
export interface BodyLimits {
  /** Largest body that is read as a whole. */
  readonly maxBodyBytes: number;
  /** Largest body that is read as a stream. */
  readonly maxStreamBytes: number;
  /** Longest time without a piece of the body, in milliseconds. */
  readonly bodyTimeoutMs: number;
}

interface Reading {
  heardAt: number;
  fail(error: AetherError): void;
}

/** Bodies that are being read. */
export class BodyReader {
  #limits: BodyLimits;
  readonly #reading = new Set<Reading>();

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Takes over other limits. */
  configure(limits: BodyLimits): void {
    this.#limits = limits;
  }

  /**
   * The body as text; null when there is none.
   *
   * @throws {AetherError} REQUEST_INVALID, CONTENT_TYPE_REFUSED, BODY_TOO_LARGE or BODY_TIMEOUT.
   */
  read(request: Request): null | Promise<string> {
    const length = bodyLength(request.headers);
    if (length === 0) return null;
    const { maxBodyBytes } = this.#limits;
    checkContentType(request.headers.get("content-type"));
    if (length !== undefined && length > maxBodyBytes) throw tooLarge(maxBodyBytes);
    return new Promise((resolve, reject) => {
      const reading: Reading = { heardAt: performance.now(), fail: reject };
      this.#reading.add(reading);
      const text = length !== undefined && length <= wholeBytesMax
        ? request.text()
        : readPieces(request, maxBodyBytes, reading);
      text.then(resolve, (error) => reject(brokenBody(error))).finally(() => {
        this.#reading.delete(reading);
      });
    });
  }

  /**
   * The body as a stream; empty when there is none. It fails with BODY_TOO_LARGE, BODY_TIMEOUT or
   * REQUEST_INVALID, and `onFail` is told before whoever reads.
   *
   * @throws {AetherError} REQUEST_INVALID or BODY_TOO_LARGE, when its length says so.
   */
  stream(request: Request, onFail: (error: AetherError) => void): ReadableStream<Uint8Array> {
    const length = bodyLength(request.headers);
    const { maxStreamBytes } = this.#limits;
    if (length !== undefined && length > maxStreamBytes) throw tooLarge(maxStreamBytes);
    const reader = (request.body ?? emptyBody()).getReader();
    let bytes = 0;
    const fail = (controller: ReadableStreamDefaultController, error: AetherError) => {
      onFail(error);
      controller.error(error);
      reader.cancel().catch(() => {});
    };
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const { done, value } = await this.#timed(reader.read());
          bytes += value?.length ?? 0;
          if (bytes > maxStreamBytes) fail(controller, tooLarge(maxStreamBytes));
          else if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          fail(controller, brokenBody(error));
        }
      },
      cancel: () => reader.cancel(),
    }, { highWaterMark: 0 });
  }

  /** Gives up on clients that have stopped sending; call it every 100 ms or so. */
  expire(now: number): void {
    for (const reading of this.#reading) {
      if (now - reading.heardAt <= this.#limits.bodyTimeoutMs) continue;
      this.#reading.delete(reading);
      reading.fail(
        new AetherError(
          "BODY_TIMEOUT",
          `Nothing of the body came for ${this.#limits.bodyTimeoutMs} ms`,
        ),
      );
    }
  }

  #timed<T>(piece: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const reading: Reading = { heardAt: performance.now(), fail: reject };
      this.#reading.add(reading);
      piece.then(resolve, reject).finally(() => this.#reading.delete(reading));
    });
  }
}

async function readPieces(request: Request, maxBytes: number, reading: Reading): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of request.body ?? []) {
    bytes += piece.length;
    reading.heardAt = performance.now();
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

/** The client went away, or sent what is no body: not the gateway's failure. */
function brokenBody(error: unknown): AetherError {
  if (error instanceof AetherError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new AetherError("REQUEST_INVALID", `The body could not be read: ${reason}`);
}

function emptyBody(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ start: (controller) => controller.close() });
}
