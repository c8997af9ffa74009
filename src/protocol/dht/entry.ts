/**
 * What the DHT stores under a key, and its limits.
 *
 * @module
 */
import type { Version } from "./version.ts";

/** A value with its version; without a value it is a tombstone: the key was removed. */
export interface Entry {
  readonly version: Version;
  readonly value: Uint8Array | undefined;
}

/** An entry in a list of what a partition holds. */
export interface ListedEntry {
  readonly key: string;
  readonly version: Version;
  readonly isTombstone: boolean;
}

/** A key with its entry. */
export interface KeyedEntry {
  readonly key: string;
  readonly entry: Entry;
}

/** Limits of the DHT. */
export const dhtLimits = {
  /** Longest key, in UTF-8 bytes. */
  keyBytes: 512,
  /** Largest value, in bytes. */
  valueBytes: 1024 * 1024,
  /** Most keys in one message that lists or asks for entries. */
  listedMax: 512,
  /** Most bytes of values in one message, unless one value alone is larger. */
  fetchedBytes: 256 * 1024,
  /** Most partition digests in one message. */
  digestsMax: 1_024,
  /** Most members of a view. */
  membersMax: 1_000,
} as const;
