/**
 * `kv()`: a slice's own part of the replicated store.
 *
 * @module
 */
import type { z } from "zod";
import type { ResourceSpec } from "./spec.ts";

/** A value with the revision at which it was written. */
export interface KvEntry<Value> {
  readonly key: string;
  readonly value: Value;
  /** Store revision of the last write; for compare-and-set. */
  readonly revision: number;
}

/** Conditions of a write. */
export interface KvWriteOptions {
  /** Writes only when the key's revision is this one; 0 = only when it is absent. */
  readonly ifRevision?: number;
  /** Writes only while this lock is held with this token: a `HeldLock`, or its name and token. */
  readonly fence?: { readonly name: string; readonly token: number };
}

/** A slice's part of the replicated store; keys are its own, values are JSON. */
export interface KvHandle<Value> {
  /** The value of a key, or undefined. Linearizable. */
  get(key: string): Promise<Value | undefined>;
  /** The value with its revision, or undefined. */
  entry(key: string): Promise<KvEntry<Value> | undefined>;
  /**
   * Writes a value; answers the new revision.
   * @throws {SliceError} KV_CONFLICT when `ifRevision` does not match; LOCK_LOST when `fence` is
   * not the present holder.
   */
  put(key: string, value: Value, options?: KvWriteOptions): Promise<number>;
  /** Deletes a key; answers whether it was there. */
  delete(key: string, options?: KvWriteOptions): Promise<boolean>;
  /** Entries whose key starts with the prefix, in key order, at most `limit` (1000 at most). */
  list(prefix?: string, options?: { readonly limit?: number }): Promise<KvEntry<Value>[]>;
}

/**
 * Needs a part of the replicated key-value store, shared by all instances of the slice.
 *
 * @example
 * ```ts
 * import { kv, z } from "aether";
 * const links = kv(z.string());
 * console.assert(links.type === "kv");
 * ```
 */
export function kv<S extends z.ZodType = z.ZodType<unknown>>(
  schema?: S,
): ResourceSpec<KvHandle<z.output<S>>> {
  return { kind: "resource", type: "kv", options: {}, schema };
}
