/**
 * What nodes tell of their part of the DHT, for operators; and how control and storage talk of it.
 *
 * @module
 */
import { z } from "zod";
import { scopeNames } from "../dht/scope.ts";

const memberSchema = z.object({ node: z.string(), storage: z.string() });

/** See `View` in `protocol/dht/view.ts`, as it is stored. */
export const dhtViewSchema = z.object({
  revision: z.int().min(1),
  members: z.array(memberSchema),
  next: z.array(memberSchema).optional(),
  lost: z.array(z.string()),
});

/** What a scope takes on a node. */
const scopeUsageSchema = z.object({
  scope: z.enum(scopeNames),
  entries: z.int(),
  tombstones: z.int(),
  /** Entries whose bytes are not what was written; they are fetched from other owners. */
  damaged: z.int(),
  bytes: z.int(),
});

/** A node's part of the DHT. */
const dhtNodeSchema = z.object({
  node: z.string(),
  /** Name of its storage: a node that lost its disk has another one. */
  storage: z.string(),
  isDurable: z.boolean(),
  /** Revision of the view of the members that it has; 0 before it has one. */
  revision: z.int(),
  scopes: z.array(scopeUsageSchema),
  /** Partitions that an open change of members gives to this node, and those to be fetched. */
  transition: z.object({ partitions: z.int(), left: z.int() }),
  /** Partitions that are being made equal with another owner's, and those that wait for it. */
  syncs: z.object({ running: z.int(), waiting: z.int() }),
  /** Entries fetched from other owners since the thread started. */
  fetched: z.int(),
  /** Tombstones removed since then. */
  collected: z.int(),
  operations: z.int(),
  serving: z.int(),
  /** Passes of the scrubber over everything since then, and damaged entries found. */
  scrubPasses: z.int(),
  damagedFound: z.int(),
});
/** A node's part of the DHT. */
export type DhtNode = z.output<typeof dhtNodeSchema>;

/** Who holds which share of a scope. */
const shareSchema = z.object({
  node: z.string(),
  /** Partitions that it holds, and those of which it is the first owner. */
  partitions: z.int(),
  first: z.int(),
});

/** The DHT as one node sees it. */
export const dhtStatusSchema = z.object({
  revision: z.int(),
  /** Whether members are changing: entries are on their way. */
  isOpen: z.boolean(),
  partitions: z.int(),
  members: z.array(memberSchema),
  next: z.array(memberSchema),
  /** Of files: who holds how much. */
  shares: z.array(shareSchema),
  nodes: z.array(dhtNodeSchema),
  /** Members that did not answer. */
  silent: z.array(z.string()),
});
/** See {@link dhtStatusSchema}. */
export type DhtStatusView = z.output<typeof dhtStatusSchema>;

/** How a node holds a key. */
export const holdings = ["present", "removed", "absent", "damaged", "silent"] as const;
/** One of {@link holdings}. */
export type Holding = typeof holdings[number];

/** Where a key is. */
export const dhtLocationSchema = z.object({
  scope: z.enum(scopeNames),
  key: z.string(),
  partition: z.int(),
  readQuorum: z.int(),
  writeQuorum: z.int(),
  owners: z.array(z.object({ node: z.string(), holds: z.enum(holdings) })),
  /** Owners after the open change of members. */
  next: z.array(z.string()),
});
/** See {@link dhtLocationSchema}. */
export type DhtLocationView = z.output<typeof dhtLocationSchema>;

/** Which nodes have begun to repair. */
export const dhtRepairSchema = z.object({
  started: z.array(z.string()),
  silent: z.array(z.string()),
});
/** See {@link dhtRepairSchema}. */
export type DhtRepair = z.output<typeof dhtRepairSchema>;

/** What storage tells control of itself, at each start and whenever it has settled. */
export interface DhtMembership {
  readonly storage: string;
  /** The last transition after which the node held everything; 0 for none. */
  readonly settled: number;
}

/** Topics between control and the storage thread. */
export const dhtTopics = {
  membership: "dht.membership",
  status: "dht.status",
  locate: "dht.locate",
  repair: "dht.repair",
} as const;
