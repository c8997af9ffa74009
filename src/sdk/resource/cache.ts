/**
 * `cache()`: values that can be computed again, kept for a time on the node or in the cluster.
 *
 * @module
 */
import type { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import { type ResourceSpec, sectionOptions } from "./spec.ts";

/** Options of a write into a cache. */
export interface CacheWriteOptions {
  /**
   * Milliseconds after which the value is gone, a whole number from 1 on; at most the section's
   * `ttl`, its default.
   */
  readonly ttlMs?: number;
}

/**
 * How a cache is doing on this node, since its first user came. Lookups of one key that an instance
 * makes at the same time count as one.
 */
export interface CacheFigures {
  /** Lookups that found a value. */
  readonly hits: number;
  /** Lookups that found none. */
  readonly misses: number;
  /** Lookups that waited for what another instance computed. */
  readonly shared: number;
  /** Lookups and writes of the cache that failed; each of these lookups is a miss as well. */
  readonly failures: number;
  /** Values that made room for others. */
  readonly evicted: number;
  /** Values that this node holds, and their bytes with their keys. */
  readonly entries: number;
  readonly bytes: number;
}

/** A cache of the slice; keys are its own, values are JSON. */
export interface CacheHandle<Value> {
  /** The value, or undefined when there is none, its time is over or it cannot be reached. */
  get(key: string): Promise<Value | undefined>;
  /**
   * Keeps a value; any value may be let go at any time.
   *
   * @throws {AetherError} VALUE_TOO_LARGE, KEY_INVALID, REQUEST_INVALID for a `ttlMs` that is no
   *   whole number; what the DHT throws.
   */
  put(key: string, value: Value, options?: CacheWriteOptions): Promise<void>;
  /**
   * Removes a value. What is being computed for the key on this node is not kept.
   *
   * @throws {AetherError} when it may still be there.
   */
  delete(key: string): Promise<void>;
  /**
   * The value, or what `compute` answers, which is kept. However many ask for a key at once on a
   * node, it is computed once; when that fails, all get the error and nothing is kept. A cache that
   * fails is a miss.
   *
   * @throws {AetherError} as {@link put}, and TIMEOUT when another instance computes for too long.
   */
  getOrCompute(
    key: string,
    compute: (key: string) => Value | Promise<Value>,
    options?: CacheWriteOptions,
  ): Promise<Value>;
  /** Hits, misses and what is held. */
  figures(): Promise<CacheFigures>;
}

/**
 * Needs the cache of `[resources.<section>]`, which says how long, how much and where; each slice
 * has one of its own.
 *
 * @throws {TypeError} when the section is no name.
 * @example
 * ```ts
 * import { cache, z } from "aether";
 * const weather = cache("weather", z.object({ celsius: z.number() }));
 * console.assert(weather.options.section === "weather");
 * ```
 */
export function cache<S extends z.ZodType = z.ZodType<unknown>>(
  section: string,
  schema?: S,
): ResourceSpec<CacheHandle<z.output<S>>> {
  return { kind: "resource", type: "cache", options: sectionOptions("cache", section), schema };
}

/**
 * Checks the options of a write, so that a value is not computed in vain.
 *
 * @throws {AetherError} REQUEST_INVALID when `ttlMs` is no whole number from 1 on.
 */
export function checkCacheWrite({ ttlMs }: CacheWriteOptions): void {
  if (ttlMs === undefined || Number.isSafeInteger(ttlMs) && ttlMs >= 1) return;
  throw new AetherError(
    "REQUEST_INVALID",
    `The ttlMs ${ttlMs} is no time: write a whole number of milliseconds, at least 1`,
  );
}
