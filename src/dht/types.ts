/**
 * What goes into the DHT machine of a node and what comes out of it.
 *
 * @module
 */
import type { Entry, ListedEntry } from "../protocol/dht/entry.ts";
import type { Cause, DhtMessage, DigestText } from "../protocol/dht/message.ts";
import type { DhtResult } from "../protocol/dht/result.ts";
import type { ScopeName } from "../protocol/dht/scope.ts";
import type { Version } from "../protocol/dht/version.ts";
import type { View } from "../protocol/dht/view.ts";

/** The two clocks of a node. */
export interface Instant {
  /** Never goes back; for deadlines. */
  readonly monotonicMs: number;
  /** Wall clock, ms since 1970; may jump and differ from that of others. For versions only. */
  readonly wallMs: number;
}

/** What a machine starts from. */
export interface DhtStart {
  readonly self: string;
  /** Name of the node's storage, kept in it: random, made when the storage was created. */
  readonly storage: string;
  /** The greatest number that `adopt` ever kept in this storage; 0 for a new one. */
  readonly revision: number;
  /** A random integer from 0 to 2^20 - 1 that no other life of this node has. */
  readonly life: number;
  /** Seed of choices that need no secrecy, such as who is asked first. */
  readonly seed: string;
}

/** How a machine behaves; see {@link dhtDefaults}. */
export interface DhtOptions {
  /** Operations of this node under way; more are refused as busy. */
  readonly operationsMax: number;
  /** Requests of other nodes under way in the storage; more are answered as busy. */
  readonly servingMax: number;
  /** First and longest time between two sendings of what is not answered. */
  readonly resendMs: number;
  readonly resendMaxMs: number;
  /** How long one owner of a chunk is waited for before the next is asked as well. */
  readonly hedgeMs: number;
  /** How far a version may be ahead of the wall clock of who stores it. */
  readonly skewMaxMs: number;
  /** Time between two comparisons of everything with the other owners. */
  readonly compareMs: number;
  /** Partitions that are synchronized at once, and how long each may make no progress. */
  readonly syncsMax: number;
  readonly syncTimeoutMs: number;
  /** Bytes per second that synchronization fetches. */
  readonly syncBytesPerSecond: number;
  /** Time between two looks for tombstones that may go. */
  readonly collectMs: number;
  /** Largest value, in bytes. */
  readonly valueBytesMax: number;
  /** Whether a value is what its key says, for scopes of chunks: SHA-256 in hex. */
  readonly isChunk: (key: string, value: Uint8Array) => boolean;
}

/** Values that suit nodes in one data centre; `isChunk` comes from the host. */
export const dhtDefaults = {
  operationsMax: 4_096,
  servingMax: 4_096,
  resendMs: 250,
  resendMaxMs: 2_000,
  hedgeMs: 100,
  skewMaxMs: 60_000,
  compareMs: 30_000,
  syncsMax: 4,
  syncTimeoutMs: 5_000,
  syncBytesPerSecond: 32 * 1024 * 1024,
  collectMs: 60_000,
  valueBytesMax: 1024 * 1024,
} as const;

/**
 * Something to do in the node's own storage, answered by a {@link StorageReply}. Requests for the
 * same partition take effect in the order in which they were given; answers may come in any order.
 */
export type StorageRequest =
  | { readonly op: "read"; readonly scope: ScopeName; readonly key: string }
  /**
   * Keeps the newer of what is there and this entry, in one step, and answers when it is durable. A
   * `write` is also superseded when nothing is there and its version is not newer than every
   * tombstone that was collected from the partition (its floor). Damaged entries keep their version
   * if it is known: this version or a newer one replaces them; if it is not known, a `sync` does.
   */
  | {
    readonly op: "merge";
    readonly scope: ScopeName;
    readonly key: string;
    readonly entry: Entry;
    readonly by: "write" | "sync";
  }
  /** The digests of the buckets of partitions; see `digest.ts`. Damaged entries are left out. */
  | { readonly op: "digests"; readonly scope: ScopeName; readonly partitions: readonly number[] }
  /** Entries of some buckets of a partition, by key, damaged ones left out. */
  | {
    readonly op: "list";
    readonly scope: ScopeName;
    readonly partition: number;
    readonly buckets: readonly number[];
    /** Only keys after this one in the order of UTF-16 units; "" = all. */
    readonly after: string;
    readonly limit: number;
    readonly tombstonesOnly: boolean;
  }
  /**
   * Removes the tombstones that are still there with these versions, and raises the floor of the
   * partition to the newest of them, durably.
   */
  | {
    readonly op: "collect";
    readonly scope: ScopeName;
    readonly partition: number;
    readonly tombstones: readonly ListedEntry[];
  }
  /** Removes everything of a partition, its floor and its damaged entries too. */
  | { readonly op: "drop"; readonly scope: ScopeName; readonly partition: number }
  /**
   * Keeps the number of a view, or half a number before it: the next start is given the greatest
   * that was ever kept.
   */
  | { readonly op: "adopt"; readonly revision: number };

/** What a partition holds, in short. */
export interface PartitionState {
  readonly partition: number;
  /** One digest per bucket. */
  readonly buckets: readonly DigestText[];
  readonly entries: number;
  readonly tombstones: number;
  /** Entries that cannot be read. */
  readonly damaged: number;
  readonly bytes: number;
}

/** Answers of the storage. */
export type StorageReply =
  | { readonly op: "read"; readonly entry: Entry | undefined }
  | { readonly op: "merge"; readonly superseded: Version | undefined }
  | { readonly op: "digests"; readonly states: readonly PartitionState[] }
  | {
    readonly op: "list";
    readonly listed: readonly ListedEntry[];
    readonly isLast: boolean;
  }
  | { readonly op: "collect" }
  | { readonly op: "drop" }
  | { readonly op: "adopt" }
  /** It was not done, or it is not known whether it was; never a guess. */
  | { readonly op: "failed"; readonly cause: Extract<Cause, "full" | "corrupt" | "io"> };

/** Everything that can happen to a machine. */
export type DhtInput =
  | {
    readonly type: "put";
    readonly operationId: number;
    readonly scope: ScopeName;
    readonly key: string;
    readonly value: Uint8Array;
    readonly timeoutMs: number;
    /**
     * `quorum` ends as soon as a quorum has stored it; `all` waits for every owner that is not
     * known to be down, until the deadline, and needs a quorum.
     */
    readonly copies: "quorum" | "all";
  }
  | {
    readonly type: "get";
    readonly operationId: number;
    readonly scope: ScopeName;
    readonly key: string;
    readonly timeoutMs: number;
  }
  | {
    readonly type: "remove";
    readonly operationId: number;
    readonly scope: ScopeName;
    readonly key: string;
    readonly timeoutMs: number;
  }
  | { readonly type: "message"; readonly from: string; readonly message: DhtMessage }
  | { readonly type: "stored"; readonly requestId: number; readonly reply: StorageReply }
  /** The replicated store has this view; views may be given again and out of order. */
  | { readonly type: "view"; readonly view: View }
  /** Nodes that seem to be down: a hint that only saves time. */
  | { readonly type: "down"; readonly nodes: ReadonlySet<string> }
  /** The storage has found an entry damaged: it is fetched from other owners. */
  | { readonly type: "damaged"; readonly scope: ScopeName; readonly key: string }
  /** An operator asks for a comparison of everything with the other owners, now. */
  | { readonly type: "repair" }
  /** Time has passed: every 10 to 100 ms. */
  | { readonly type: "tick" };

/** What the host must do, in this order. */
export type DhtOutput =
  | { readonly type: "send"; readonly to: string; readonly message: DhtMessage }
  | { readonly type: "store"; readonly requestId: number; readonly request: StorageRequest }
  | { readonly type: "done"; readonly operationId: number; readonly result: DhtResult }
  /**
   * The node holds everything that the open transition of this revision gives it: the host tells
   * who decides about views. Said again while the transition is open.
   */
  | { readonly type: "settled"; readonly revision: number }
  /** Something worth a line in the log and a figure. */
  | { readonly type: "note"; readonly note: DhtNote };

/** What happened besides operations. */
export type DhtNote =
  | { readonly type: "adopted"; readonly revision: number; readonly isOpen: boolean }
  /** Entries fetched from another node, because they were missing here or older. */
  | {
    readonly type: "repaired";
    readonly scope: ScopeName;
    readonly partition: number;
    readonly from: string;
    readonly entries: number;
  }
  | {
    readonly type: "collected";
    readonly scope: ScopeName;
    readonly partition: number;
    readonly tombstones: number;
  }
  | { readonly type: "dropped"; readonly scope: ScopeName; readonly partition: number };
