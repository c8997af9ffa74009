/**
 * The DHT as the services of the storage thread use it.
 *
 * @module
 */
import type { ScopeName } from "../../protocol/dht/scope.ts";
import type { Version } from "../../protocol/dht/version.ts";

/** Where something was stored. */
export interface StoredCopies {
  /** Owners that hold it. */
  readonly copies: number;
  /** Owners that should. */
  readonly owners: number;
}

/** A value and when it was written. */
export interface VersionedValue {
  readonly value: Uint8Array;
  readonly version: Version;
}

/** Options of {@link Dht.put}. */
export interface PutOptions {
  readonly timeoutMs: number;
  /** See the machine's input: `all` waits for every owner that is not known to be down. */
  readonly copies: "quorum" | "all";
}

/** Entries by key; every method throws DHT_QUORUM, DHT_BUSY, DHT_NOT_READY or DHT_INVALID. */
export interface Dht {
  put(
    scope: ScopeName,
    key: string,
    value: Uint8Array,
    options: PutOptions,
  ): Promise<StoredCopies>;
  /** The value, or undefined when a quorum agrees that there is none. */
  get(scope: ScopeName, key: string, timeoutMs: number): Promise<Uint8Array | undefined>;
  remove(scope: ScopeName, key: string, timeoutMs: number): Promise<void>;
}
