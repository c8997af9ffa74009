/**
 * Messages between the DHT machines of nodes.
 *
 * The sender is never in a message: it is the authenticated peer of the link. Every message but
 * those about views carries the revision of the sender's view, and is served only by a node that
 * has the same; the one that is behind gets the newer view instead. Ids are the asker's and never
 * used twice, in later lives either.
 *
 * @module
 */
import type { Entry, KeyedEntry, ListedEntry } from "./entry.ts";
import type { ScopeName } from "./scope.ts";
import type { Version } from "./version.ts";
import type { View } from "./view.ts";

/** Why an owner could not do what it was asked for. */
export const causes = [
  /** It is not an owner in the view, or its storage is another one. */
  "notOwner",
  /** Its storage is full. */
  "full",
  /** What it stores under the key is damaged. */
  "corrupt",
  /** Its storage failed otherwise. */
  "io",
  /** It has as much to do as it may. */
  "busy",
  /** The version is further ahead of its clock than clocks may differ. */
  "clockSkew",
  /** It has not answered. */
  "silent",
] as const;
/** One of {@link causes}. */
export type Cause = typeof causes[number];

/** What an owner says about a write. */
export type WriteOutcome =
  | { readonly type: "stored" }
  /** A newer version is there, or was: the write has no effect. */
  | { readonly type: "superseded"; readonly version: Version }
  | { readonly type: "failed"; readonly cause: Cause };

/** What an owner says about a read; a tombstone is an entry too. */
export type ReadOutcome =
  | { readonly type: "entry"; readonly entry: Entry }
  | { readonly type: "absent" }
  | { readonly type: "failed"; readonly cause: Cause };

/** Digest of what a set of entries is: 16 hexadecimal digits; zeros for nothing. */
export type DigestText = string;

/** A partition with the digest of what its holder has. */
export interface PartitionDigest {
  readonly partition: number;
  readonly digest: DigestText;
}

/** Goes with every message but those about views. */
interface Asked {
  readonly id: number;
  readonly revision: number;
}

/** What nodes send each other. */
export type DhtMessage =
  | Asked & {
    readonly type: "write";
    readonly scope: ScopeName;
    readonly key: string;
    readonly entry: Entry;
  }
  | Asked & {
    readonly type: "wrote";
    /** The storage that answers. */
    readonly storage: string;
    readonly outcome: WriteOutcome;
  }
  | Asked & { readonly type: "read"; readonly scope: ScopeName; readonly key: string }
  | Asked & {
    readonly type: "readTell";
    readonly storage: string;
    readonly outcome: ReadOutcome;
  }
  /** Which of these partitions differ from yours? */
  | Asked & {
    readonly type: "digestAsk";
    readonly scope: ScopeName;
    readonly digests: readonly PartitionDigest[];
  }
  | Asked & { readonly type: "digestTell"; readonly differing: readonly number[] }
  /** What do you have in the buckets of a partition that differ from mine? */
  | Asked & {
    readonly type: "listAsk";
    readonly scope: ScopeName;
    readonly partition: number;
    readonly buckets: readonly DigestText[];
    /** Only keys after this one; "" = all. */
    readonly after: string;
  }
  | Asked & {
    readonly type: "listTell";
    readonly storage: string;
    readonly outcome:
      | {
        readonly type: "listed";
        readonly listed: readonly ListedEntry[];
        readonly isLast: boolean;
        /** Damaged entries in the partition: somebody else must be asked as well. */
        readonly damaged: number;
      }
      | { readonly type: "failed"; readonly cause: Cause };
  }
  | Asked & {
    readonly type: "fetchAsk";
    readonly scope: ScopeName;
    readonly keys: readonly string[];
  }
  /** A beginning of what was asked for; keys that are missing are gone or damaged. */
  | Asked & {
    readonly type: "fetchTell";
    readonly entries: readonly KeyedEntry[];
    /** How many of the keys are answered by this. */
    readonly answered: number;
    readonly failed: number;
  }
  /** Which of these tombstones do you hold? */
  | Asked & {
    readonly type: "holdAsk";
    readonly scope: ScopeName;
    readonly partition: number;
    readonly tombstones: readonly ListedEntry[];
  }
  | Asked & { readonly type: "holdTell"; readonly keys: readonly string[] }
  /** Every owner holds these tombstones: they may go. */
  | Asked & {
    readonly type: "collect";
    readonly scope: ScopeName;
    readonly partition: number;
    readonly tombstones: readonly ListedEntry[];
  }
  /** A message came with a revision that the sender of this does not have yet. */
  | { readonly type: "viewAsk"; readonly revision: number }
  | { readonly type: "view"; readonly view: View };
