/**
 * `fakeCache()`: a `cache()` in memory, whose time is that of the test.
 *
 * @module
 */
import { AetherError } from "../../../base/errors.ts";
import { utf8Bytes } from "../../../base/text/utf8_bytes.ts";
import { checkUserKey } from "../../../protocol/store/user_key.ts";
import { limits } from "../../../protocol/limits.ts";
import {
  type CacheFigures,
  type CacheHandle,
  type CacheWriteOptions,
  checkCacheWrite,
} from "../../resource/cache.ts";
import type { FakePlace, Placed } from "../fake.ts";

/** A cache that a test looks at. */
export interface FakeCache<Value> extends CacheHandle<Value> {
  /** Lets everything go, as a node that restarts does. */
  clear(): void;
}

/** Options of {@link fakeCache}. */
export interface FakeCacheOptions {
  /** The section's `ttl`, in milliseconds. @default {300000} */
  readonly ttlMs?: number;
}

/**
 * A cache in memory. It lets nothing go before its time, so that tests are the same every time;
 * `advance` of the testing kit ends it.
 *
 * @example
 * ```ts
 * import { fakeCache } from "aether";
 * const squares = fakeCache<number>();
 * console.assert(await squares.getOrCompute("3", () => 9) === 9);
 * console.assert((await squares.figures()).misses === 1);
 * ```
 */
export function fakeCache<Value = unknown>(options: FakeCacheOptions = {}): FakeCache<Value> {
  return new FakeValues(options) as unknown as FakeCache<Value>;
}

class FakeValues implements FakeCache<unknown>, Placed {
  readonly #ttlMs: number;
  readonly #held = new Map<string, { readonly text: string; readonly endsAtMs: number }>();
  readonly #flights = new Map<string, Promise<string>>();
  readonly #counts = { hits: 0, misses: 0, shared: 0, failures: 0, evicted: 0 };
  #place: FakePlace | undefined;

  constructor({ ttlMs = 300_000 }: FakeCacheOptions) {
    this.#ttlMs = ttlMs;
  }

  place(at: FakePlace): void {
    this.#place = at;
  }

  clear(): void {
    this.#held.clear();
  }

  async get(key: string): Promise<unknown> {
    checkUserKey(key);
    const text = await Promise.resolve(this.#text(key));
    this.#counts[text === undefined ? "misses" : "hits"]++;
    return text === undefined ? undefined : this.#read(text);
  }

  put(key: string, value: unknown, options: CacheWriteOptions = {}): Promise<void> {
    return Promise.try(() => {
      checkUserKey(key);
      checkCacheWrite(options);
      this.#flights.delete(key);
      this.#keep(key, this.#write(key, value), options);
    });
  }

  delete(key: string): Promise<void> {
    return Promise.try(() => {
      checkUserKey(key);
      this.#flights.delete(key);
      this.#held.delete(key);
    });
  }

  async getOrCompute(
    key: string,
    compute: (key: string) => unknown,
    options: CacheWriteOptions = {},
  ): Promise<unknown> {
    checkUserKey(key);
    checkCacheWrite(options);
    const text = this.#text(key);
    if (text !== undefined) {
      this.#counts.hits++;
      return this.#read(text);
    }
    const other = this.#flights.get(key);
    this.#counts[other === undefined ? "misses" : "shared"]++;
    return this.#read(await (other ?? this.#begin(key, compute, options)));
  }

  figures(): Promise<CacheFigures> {
    for (const key of [...this.#held.keys()]) this.#text(key);
    const bytes = [...this.#held].reduce(
      (sum, [key, { text }]) => sum + utf8Bytes(key) + utf8Bytes(text),
      0,
    );
    return Promise.resolve({ ...this.#counts, entries: this.#held.size, bytes });
  }

  #begin(
    key: string,
    compute: (key: string) => unknown,
    options: CacheWriteOptions,
  ): Promise<string> {
    const flight = Promise.try(async () => {
      try {
        const text = this.#write(key, await compute(key));
        // What was written meanwhile is newer.
        if (this.#flights.get(key) === flight) this.#keep(key, text, options);
        return text;
      } finally {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
      }
    });
    this.#flights.set(key, flight);
    return flight;
  }

  #keep(key: string, text: string, options: CacheWriteOptions): void {
    const ttlMs = Math.min(options.ttlMs ?? this.#ttlMs, this.#ttlMs);
    this.#held.set(key, { text, endsAtMs: this.#nowMs() + ttlMs });
  }

  #text(key: string): string | undefined {
    const held = this.#held.get(key);
    if (held === undefined || held.endsAtMs > this.#nowMs()) return held?.text;
    this.#held.delete(key);
    return undefined;
  }

  #write(key: string, value: unknown): string {
    const schema = this.#place?.need.schema;
    const text = JSON.stringify(schema === undefined ? value : schema.parse(value));
    if (text !== undefined && utf8Bytes(text) <= limits.cacheValueBytes) return text;
    throw new AetherError(
      "VALUE_TOO_LARGE",
      `The value of key "${key}" must be JSON of at most ${limits.cacheValueBytes} bytes`,
    );
  }

  #read(text: string): unknown {
    const value: unknown = JSON.parse(text);
    return this.#place?.need.schema === undefined ? value : this.#place.need.schema.parse(value);
  }

  /** Without a place no time passes. */
  #nowMs(): number {
    return this.#place?.clock.monotonicMs() ?? 0;
  }
}
