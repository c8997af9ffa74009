/**
 * `fakeKv()`: a `kv()` in memory, with JSON values, revisions, compare-and-set and fences.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { limits } from "../../protocol/limits.ts";
import { kvConflict } from "../kv_conflict.ts";
import type { KvEntry, KvHandle, KvWriteOptions } from "../resource/kv.ts";
import type { FakePlace, Placed } from "./fake.ts";

interface StoredText {
  /** JSON, as in the store. */
  readonly text: string;
  readonly revision: number;
}

/**
 * A part of the store in memory, for a test that looks at it or fills it before the slice starts.
 *
 * Values are checked by the schema of the need that it stands for.
 *
 * @param entries Values by key that are there from the beginning.
 * @example
 * ```ts
 * import { fakeKv } from "aether";
 * const stock = fakeKv<number>({ apple: 3 });
 * console.assert(await stock.get("apple") === 3);
 * ```
 */
export function fakeKv<Value = unknown>(
  entries: Readonly<Record<string, Value>> = {},
): KvHandle<Value> {
  // The schema of the need makes the type true, as it does for the real handle.
  return new FakeKv(entries) as unknown as KvHandle<Value>;
}

/** See {@link fakeKv}. */
class FakeKv implements KvHandle<unknown>, Placed {
  readonly #entries = new Map<string, StoredText>();
  #place: FakePlace | undefined;
  #revision = 0;

  constructor(entries: Readonly<Record<string, unknown>>) {
    for (const [key, value] of Object.entries(entries)) this.#write(key, value);
  }

  place(at: FakePlace): void {
    this.#place = at;
  }

  async get(key: string): Promise<unknown> {
    return (await this.entry(key))?.value;
  }

  entry(key: string): Promise<KvEntry<unknown> | undefined> {
    return Promise.try(() => this.#read(key));
  }

  put(key: string, value: unknown, options: KvWriteOptions = {}): Promise<number> {
    return Promise.try(() => {
      this.#refuseFence(options);
      this.#refuseConflict(key, options);
      return this.#write(key, this.#checked(value));
    });
  }

  delete(key: string, options: KvWriteOptions = {}): Promise<boolean> {
    return Promise.try(() => {
      this.#refuseFence(options);
      this.#refuseConflict(key, options);
      return this.#entries.delete(key);
    });
  }

  list(prefix = "", options: { readonly limit?: number } = {}): Promise<KvEntry<unknown>[]> {
    return Promise.try(() => {
      const keys = [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort();
      const limit = Math.min(options.limit ?? limits.listMax, limits.listMax);
      return keys.slice(0, limit).flatMap((key) => this.#read(key) ?? []);
    });
  }

  #read(key: string): KvEntry<unknown> | undefined {
    const stored = this.#entries.get(key);
    if (stored === undefined) return undefined;
    return { key, value: this.#checked(JSON.parse(stored.text)), revision: stored.revision };
  }

  #write(key: string, value: unknown): number {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`The value of key "${key}" must be JSON`);
    this.#entries.set(key, { text, revision: ++this.#revision });
    return this.#revision;
  }

  #checked(value: unknown): unknown {
    const schema = this.#place?.need.schema;
    return schema === undefined ? value : schema.parse(value);
  }

  #refuseFence({ fence }: KvWriteOptions): void {
    if (fence === undefined || this.#place?.holds(fence.name, fence.token) === true) return;
    throw new AetherError(
      "LOCK_LOST",
      `Lock "${fence.name}" is not held with token ${fence.token}: nothing was written`,
    );
  }

  #refuseConflict(key: string, options: KvWriteOptions): void {
    const revision = this.#entries.get(key)?.revision ?? 0;
    if (options.ifRevision === undefined || options.ifRevision === revision) return;
    throw kvConflict(key, options.ifRevision, revision);
  }
}
