/**
 * {@link DhtCache}: the values of a cache in the DHT, which the storage thread has.
 *
 * @module
 */
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import type { CacheTopics } from "../../protocol/storage/cache.ts";
import type { CacheStore } from "./cache_space.ts";
import type { CacheLimits, HeldFigures } from "./local_cache.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** See the module. */
export class DhtCache implements CacheStore {
  readonly #line: Pick<ThreadLine, "ask">;
  readonly #prefix: string;
  readonly #limits: CacheLimits;

  constructor(line: Pick<ThreadLine, "ask">, prefix: string, limits: CacheLimits) {
    this.#line = line;
    this.#prefix = prefix;
    this.#limits = limits;
  }

  async get(key: string): Promise<string | undefined> {
    const value = await this.#ask("cache.get", { key: this.#prefix + key });
    return value && decoder.decode(value);
  }

  put(key: string, text: string, ttlMs: number): Promise<void> {
    const { maxEntries, maxBytes } = this.#limits;
    const value = encoder.encode(text);
    return this.#ask("cache.put", { key: this.#prefix + key, value, ttlMs, maxEntries, maxBytes });
  }

  delete(key: string): Promise<void> {
    return this.#ask("cache.delete", { key: this.#prefix + key });
  }

  held(): Promise<HeldFigures> {
    return this.#ask("cache.held", { prefix: this.#prefix });
  }

  #ask<Topic extends keyof CacheTopics>(
    topic: Topic,
    ask: CacheTopics[Topic]["ask"],
  ): Promise<CacheTopics[Topic]["answer"]> {
    return this.#line.ask(topic, ask);
  }
}
