/**
 * Scopes of the DHT: key spaces that differ in how many nodes hold an entry and must agree.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";

/** Number of partitions of every scope's key space. */
export const partitionCount = 1_024;

/** How entries of a scope are kept. */
export interface DhtConfig {
  /** Nodes that hold an entry; fewer when there are fewer members; "all" = every member. */
  readonly replicas: number | "all";
  /** Nodes that must answer a read; undefined = as few as meet every write quorum. */
  readonly readQuorum: number | undefined;
  /** Nodes that must store a write; undefined = the majority of the replicas. */
  readonly writeQuorum: number | undefined;
  /**
   * - `versioned`: the newest version wins, read from a quorum;
   * - `chunks`: a key is the SHA-256 of its value in hex, so that one copy is enough to read;
   * - `cache`: may be lost, is not migrated and has no tombstones of its own to wait for.
   */
  readonly kind: "versioned" | "chunks" | "cache";
}

/** The scopes, by name. */
export const dhtScopes = {
  /** Records about artifacts and blobs. */
  artifacts: config({ replicas: 3, kind: "versioned" }),
  /** Contents of artifacts and blobs. */
  chunks: config({ replicas: 3, kind: "chunks" }),
  /** Values that can be computed again. */
  cache: config({ replicas: 1, kind: "cache" }),
  /** Small values that every node holds. */
  full: config({ replicas: "all", kind: "versioned" }),
} as const satisfies Record<string, DhtConfig>;

/** Name of a scope. */
export type ScopeName = keyof typeof dhtScopes;

/** All names, in the order of their numbers on the wire. */
export const scopeNames: readonly ScopeName[] = ["artifacts", "chunks", "cache", "full"];

/** Sizes that follow from a configuration and the number of members. */
export interface Quorums {
  readonly replicas: number;
  readonly read: number;
  readonly write: number;
  /**
   * Owners whose entries together contain every acknowledged write, and without whom no quorum is
   * left that could answer a read.
   */
  readonly handover: number;
}

/**
 * The quorums among so many members, 1 or more. Reads and writes always meet.
 *
 * @example
 * ```ts
 * import { dhtScopes, quorumsOf } from "./scope.ts";
 * const { replicas, read, write } = quorumsOf(dhtScopes.artifacts, 5);
 * console.assert(replicas === 3 && read === 2 && write === 2);
 * ```
 */
export function quorumsOf(config: DhtConfig, members: number): Quorums {
  assert(members >= 1, "A view without members has no quorums");
  const replicas = config.replicas === "all" ? members : Math.min(config.replicas, members);
  const write = Math.min(config.writeQuorum ?? Math.floor(replicas / 2) + 1, replicas);
  const read = Math.min(config.readQuorum ?? replicas - write + 1, replicas);
  assert(read + write > replicas, `Quorums ${read} and ${write} of ${replicas} need not meet`);
  return { replicas, read, write, handover: replicas - Math.min(read, write) + 1 };
}

function config(
  { replicas, kind }: Pick<DhtConfig, "replicas" | "kind">,
): DhtConfig {
  return { replicas, kind, readQuorum: undefined, writeQuorum: undefined };
}
