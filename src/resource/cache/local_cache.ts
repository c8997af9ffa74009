/**
 * Values of one slice in this thread: the least recently used ones go first, and each has an end.
 *
 * Time is an argument. What is over is never answered, and goes when it is seen.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { utf8Bytes } from "../../base/text/utf8_bytes.ts";

/** What a cache may hold. */
export interface CacheLimits {
  readonly maxEntries: number;
  /** Bytes of keys and values together. */
  readonly maxBytes: number;
}

/** What a cache holds. */
export interface HeldFigures {
  readonly entries: number;
  readonly bytes: number;
  /** Values that made room for others. */
  readonly evicted: number;
}

interface Held {
  readonly text: string;
  readonly bytes: number;
  readonly endsAtMs: number;
}

/**
 * A cache in memory.
 *
 * @example
 * ```ts
 * import { LocalCache } from "./local_cache.ts";
 * const cache = new LocalCache({ maxEntries: 10, maxBytes: 1_000 });
 * cache.put("a", "1", { ttlMs: 50, nowMs: 0 });
 * console.assert(cache.get("a", 49) === "1" && cache.get("a", 50) === undefined);
 * ```
 */
export class LocalCache {
  readonly #limits: CacheLimits;
  /** Least recently used first. */
  readonly #held = new Map<string, Held>();
  #bytes = 0;
  #evicted = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  /** The text under a key, unless its time is over. */
  get(key: string, nowMs: number): string | undefined {
    const held = this.#held.get(key);
    if (held === undefined) return undefined;
    this.#held.delete(key);
    if (held.endsAtMs <= nowMs) {
      this.#bytes -= held.bytes;
      return undefined;
    }
    this.#held.set(key, held);
    return held.text;
  }

  /**
   * Keeps a text.
   *
   * @throws {AetherError} VALUE_TOO_LARGE when it alone is more than the cache may hold.
   */
  put(
    key: string,
    text: string,
    { ttlMs, nowMs }: { readonly ttlMs: number; readonly nowMs: number },
  ): void {
    const { maxBytes, maxEntries } = this.#limits;
    const bytes = utf8Bytes(key) + utf8Bytes(text);
    if (bytes > maxBytes) {
      throw new AetherError(
        "VALUE_TOO_LARGE",
        `Key "${key}" and its value have ${bytes} bytes; maxBytes of the section is ${maxBytes}`,
      );
    }
    this.delete(key);
    this.#held.set(key, { text, bytes, endsAtMs: nowMs + ttlMs });
    this.#bytes += bytes;
    if (this.#bytes <= maxBytes && this.#held.size <= maxEntries) return;
    this.#removeEnded(nowMs);
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= maxBytes && this.#held.size <= maxEntries) break;
      this.delete(oldest);
      this.#evicted++;
    }
  }

  /** Removes a key; answers whether it was there. */
  delete(key: string): boolean {
    this.#bytes -= this.#held.get(key)?.bytes ?? 0;
    return this.#held.delete(key);
  }

  /** What it holds. */
  figures(nowMs: number): HeldFigures {
    this.#removeEnded(nowMs);
    return { entries: this.#held.size, bytes: this.#bytes, evicted: this.#evicted };
  }

  #removeEnded(nowMs: number): void {
    for (const [key, { endsAtMs }] of this.#held) {
      if (endsAtMs <= nowMs) this.delete(key);
    }
  }
}
