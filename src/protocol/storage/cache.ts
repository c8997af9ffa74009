/**
 * Caches of slices in the DHT: how a value is written there, and what the resources thread asks the
 * storage thread for.
 *
 * A value carries its time to live, which counts from its version, and the limits of its cache, so
 * that every owner knows them. What is over is absent, wherever it comes from.
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../../base/codec.ts";
import { dhtLimits } from "../dht/entry.ts";
import type { Version } from "../dht/version.ts";

/** What the keys of a slice's cache begin with. */
export function cachePrefix(artifactBase: string, section: string): string {
  return `${artifactBase}/${section}/`;
}

/** The prefix of a key, as {@link cachePrefix} made it. */
export function prefixOf(key: string): string {
  return key.slice(0, key.indexOf("/", key.indexOf("/") + 1) + 1);
}

/** A value with what its cache says about it. */
export interface CachedValue {
  readonly ttlMs: number;
  /** What an owner may hold of the value's cache. */
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly value: Uint8Array;
}

/** A value as the DHT keeps it. */
export function encodeCached({ ttlMs, maxEntries, maxBytes, value }: CachedValue): Uint8Array {
  return new ByteWriter().varint(ttlMs).varint(maxEntries).varint(maxBytes).bytes(value).take();
}

/**
 * The parts of a value.
 *
 * @throws {DecodeError} when it is none.
 */
export function decodeCached(bytes: Uint8Array): CachedValue {
  const reader = new ByteReader(bytes);
  const [ttlMs, maxEntries, maxBytes] = [reader.varint(), reader.varint(), reader.varint()];
  return { ttlMs, maxEntries, maxBytes, value: reader.bytes(dhtLimits.valueBytes) };
}

/** Whether the time of a value is over. */
export function isOver({ timeMs }: Version, { ttlMs }: CachedValue, wallMs: number): boolean {
  return timeMs + ttlMs <= wallMs;
}

/** Topics between the resources and the storage thread; the types of questions and answers. */
export interface CacheTopics {
  /** Answers the value; undefined when there is none or its time is over. */
  readonly "cache.get": {
    readonly ask: { readonly key: string };
    readonly answer: Uint8Array | undefined;
  };
  readonly "cache.put": {
    readonly ask: CachedValue & { readonly key: string };
    readonly answer: void;
  };
  readonly "cache.delete": { readonly ask: { readonly key: string }; readonly answer: void };
  /** What this node holds of a cache, as it was counted last. */
  readonly "cache.held": { readonly ask: { readonly prefix: string }; readonly answer: CacheHeld };
}

/** What a node holds of a cache. */
export interface CacheHeld {
  readonly entries: number;
  readonly bytes: number;
  /** Values that made room for others, since the thread started. */
  readonly evicted: number;
}
