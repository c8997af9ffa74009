/**
 * {@link ChangeWatcher}: tells that something in a folder changed, once for any number of events.
 *
 * It does not say what changed; `aether dev` compares contents. Hidden files and what tools write
 * do not count.
 *
 * @module
 */
import { relative, sep } from "node:path";
import { AetherError } from "../base/errors.ts";

/** Options of {@link ChangeWatcher}. */
export interface WatchOptions {
  /** How long there must be no event, in milliseconds. @default {150} */
  readonly quietMs?: number;
  /** After this time a steady stream of events counts as well, in milliseconds. @default {2000} */
  readonly patienceMs?: number;
}

const ignoredFolders = new Set(["node_modules", "coverage", "dist"]);

/** Watches a folder and everything in it. */
export class ChangeWatcher {
  readonly #watcher: Deno.FsWatcher;
  readonly #quietMs: number;
  readonly #patienceMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** When the first event came that was not reported yet. */
  #sinceMs: number | undefined;
  #hasChanged = false;
  #isClosed = false;
  #wake: (() => void) | undefined;

  /** @throws {AetherError} FILE_UNREADABLE when the system cannot watch the folder */
  constructor(root: string, options: WatchOptions = {}) {
    this.#quietMs = options.quietMs ?? 150;
    this.#patienceMs = options.patienceMs ?? 2000;
    try {
      this.#watcher = Deno.watchFs(root, { recursive: true });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const text = `The folder ${root} cannot be watched: ${reason}`;
      throw new AetherError("FILE_UNREADABLE", text, { cause });
    }
    void this.#read(root);
  }

  /** Waits for a change since the last call; false when the watcher is closed. */
  async next(): Promise<boolean> {
    while (!this.#hasChanged && !this.#isClosed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
    this.#hasChanged = false;
    return !this.#isClosed;
  }

  /** Ends watching. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#watcher.close();
    this.#wake?.();
  }

  async #read(root: string): Promise<void> {
    for await (const { kind, paths } of this.#watcher) {
      if (kind !== "access" && paths.some((path) => isRelevant(root, path))) this.#note();
    }
  }

  /** Every event starts the quiet time anew, until patience ends. */
  #note(): void {
    const nowMs = performance.now();
    this.#sinceMs ??= nowMs;
    const restMs = this.#sinceMs + this.#patienceMs - nowMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#sinceMs = undefined;
      this.#hasChanged = true;
      this.#wake?.();
    }, Math.max(0, Math.min(this.#quietMs, restMs)));
  }
}

/** Whether a path can be a source: nothing hidden, no package, no output of a build. */
export function isRelevant(root: string, path: string): boolean {
  const parts = relative(root, path).split(sep);
  return !path.endsWith(".slice") &&
    parts.every((part) => !ignoredFolders.has(part) && !(part.startsWith(".") && part !== ".."));
}
