/**
 * {@link Downloads}: how far the files are that this node's storage thread fetches from others.
 *
 * For people who wait for an instance; nothing is decided by it.
 *
 * @module
 */
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import { type FileProgress, progressTopic } from "../../protocol/storage/artifacts.ts";

/** Files under way, as the storage thread tells of them. */
export class Downloads {
  readonly #files = new Map<string, FileProgress>();

  constructor(line: Pick<ThreadLine, "handle" | "onConnect">) {
    line.handle(progressTopic, (progress: FileProgress) => {
      if (progress.isOver) this.#files.delete(progress.sha256);
      else this.#files.set(progress.sha256, progress);
    });
    // What the former thread was fetching, nobody ends.
    line.onConnect(() => this.#files.clear());
  }

  /** How far a file is; undefined when it is not being fetched. */
  of(sha256: string): FileProgress | undefined {
    return this.#files.get(sha256);
  }
}
