/**
 * {@link Upload}: a blob on its way into the storage thread, piece by piece at its pace.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import type { ArtifactTopics, StagedFile } from "../../protocol/storage/artifacts.ts";

/** What is uploaded. */
export interface UploadOptions {
  readonly key: string;
  readonly contentType: string;
  readonly maxBytes: number;
  /** Revision of the last collection of chunks when it began. */
  readonly collected: number;
}

/** One upload. */
export class Upload {
  readonly options: UploadOptions;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #staged: Promise<StagedFile>;
  /** Fails when the storage does; never resolves. */
  readonly #failed: Promise<never>;
  #bytes = 0;

  constructor(line: Pick<ThreadLine, "ask">, options: UploadOptions) {
    this.options = options;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
    const ask: ArtifactTopics["artifacts.upload"]["ask"] = { stream: readable, isSlice: false };
    this.#staged = line.ask<StagedFile>("artifacts.upload", ask, [readable]);
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    this.#staged.catch(failed.reject);
    this.#failed = failed.promise;
  }

  /**
   * Adds a piece; resolves when the next one is welcome.
   *
   * @throws {AetherError} BLOB_TOO_LARGE; what the storage failed with.
   */
  async write(piece: Uint8Array): Promise<void> {
    const { key, maxBytes } = this.options;
    this.#bytes += piece.length;
    if (this.#bytes > maxBytes) {
      const error = new AetherError(
        "BLOB_TOO_LARGE",
        `Blob "${key}" has more than ${maxBytes} bytes, the maxBytes of its section`,
      );
      this.end(error);
      throw error;
    }
    await this.#unlessFailed(this.#writer.write(piece));
  }

  /** Ends the stream; resolves when all chunks are stored. */
  async finish(): Promise<StagedFile> {
    await this.#unlessFailed(this.#writer.close());
    return await this.#staged;
  }

  /** Gives it up; its chunks are nobody's. */
  end(reason: AetherError): void {
    this.#writer.abort(reason.message).catch(() => {});
  }

  /** The storage's own failure says more than that of the stream. */
  async #unlessFailed(step: Promise<void>): Promise<void> {
    try {
      await Promise.race([this.#failed, step]);
    } catch {
      step.catch(() => {});
      await this.#staged;
    }
  }
}
