/**
 * API rows about who is in the cluster and who votes, and about what happened to it.
 *
 * @module
 */
import { z } from "zod";
import { defineRows } from "./row.ts";

const node = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, {
  error: () => 'write 1 to 63 of a-z, 0-9 and "-", for example "node-4"',
});
const address = z.string().max(300).regex(
  /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9._-]*):([1-9]\d{0,4})$/,
  { error: () => 'write host:port, for example "192.0.2.14:8090"' },
);
const memberParams = z.object({ node });
const unsure = ["NOT_PROPOSED", "OUTCOME_UNKNOWN", "MEMBERS_CHANGING"] as const;

/** One node of the cluster. */
const memberSchema = z.object({
  id: z.string(),
  role: z.enum(["voter", "follower"]),
  /** Life cycle, as the node said; JOINING while it has not said anything. */
  state: z.string(),
  leader: z.boolean(),
  self: z.boolean(),
  /** Whether the asked node believes that it works. */
  alive: z.boolean(),
  /** `host:port` of its cluster port; "" when nobody said. */
  address: z.string(),
  /** Slots of the log that others have applied and it has not; null while nobody heard of it. */
  slotsBehind: z.int().nullable(),
  version: z.string(),
});

/** What happens to a cluster. */
const eventTypes = [
  "NODE_ADDED",
  "NODE_REMOVED",
  "NODE_JOINED",
  "NODE_DOWN",
  "NODE_UP",
  "VOTERS_CHANGED",
  "LEADER_ELECTED",
  "LEADER_LOST",
  "QUORUM_ESTABLISHED",
  "QUORUM_LOST",
  "SCHEDULE_FAILED",
  "SCHEDULE_RECOVERED",
  "SCHEDULE_MISSED",
  "SCHEDULE_PAUSED",
  "SCHEDULE_RESUMED",
] as const;
/** One of {@link eventTypes}. */
export type EventType = typeof eventTypes[number];

const clusterEventSchema = z.object({
  type: z.enum(eventTypes),
  /** Number of the event at the asked node; each node counts for itself. */
  revision: z.int(),
  /** Wall time at the asked node. */
  atMs: z.number(),
  /** The node that it is about. */
  node: z.string().optional(),
  /** For people. */
  detail: z.string(),
});

/** Something that happened to the cluster, as one node saw it. */
export type ClusterEventView = z.output<typeof clusterEventSchema>;

/** Rows about the cluster's nodes. */
export const clusterRows = defineRows({
  clusterStatus: {
    method: "GET",
    path: "/api/cluster",
    role: "viewer",
    summary: "Leader, quorum, voters and followers, as the asked node sees them",
    response: z.object({
      cluster: z.string(),
      node: z.string(),
      leader: z.string().nullable(),
      /** Revision at which the leader became it. */
      term: z.int().nullable(),
      revision: z.int(),
      /** The next slot of the log that the asked node applies. */
      slot: z.int(),
      quorum: z.object({
        established: z.boolean(),
        /** Voters that are needed, and those that are believed to work. */
        needed: z.int(),
        alive: z.int(),
        /** Grows with every loss and return at the asked node. */
        sequence: z.int(),
      }),
      voters: z.array(z.string()),
      followers: z.array(z.string()),
      /** Voters that are decided but not in force yet. */
      nextVoters: z.array(z.string()).nullable(),
      nodes: z.array(memberSchema),
    }),
    errors: [],
  },
  clusterMembers: {
    method: "GET",
    path: "/api/cluster/members",
    role: "viewer",
    summary: "Nodes of the cluster, and those that were removed from it",
    response: z.object({
      members: z.array(memberSchema),
      removed: z.array(z.object({ id: z.string(), address: z.string(), atMs: z.number() })),
    }),
    errors: ["NOT_PROPOSED"],
  },
  clusterAdd: {
    method: "POST",
    path: "/api/cluster/members",
    role: "admin",
    summary: "Lets a node into the cluster as a follower, or says where a node is now",
    body: z.strictObject({ node, address }),
    response: memberSchema,
    errors: [...unsure],
  },
  clusterRemove: {
    method: "DELETE",
    path: "/api/cluster/members/{node}",
    role: "admin",
    summary: "Removes a node from the cluster: it votes no more, stops, and may not come back",
    params: memberParams,
    query: z.object({
      /** Whether to do it although it leaves no majority that works. */
      force: z.enum(["true", "false"]).default("false"),
    }),
    response: z.object({ voters: z.array(z.string()) }),
    errors: ["NODE_NOT_FOUND", "CHANGE_UNSAFE", "TIMEOUT", ...unsure],
  },
  clusterPromote: {
    method: "POST",
    path: "/api/cluster/promote",
    role: "admin",
    summary: "Makes followers voters, all in one change, in place of others if asked",
    body: z.strictObject({
      nodes: z.array(node).min(1).max(9),
      /** Voters that become followers in the same change. */
      insteadOf: z.array(node).max(9).default([]),
      force: z.boolean().default(false),
    }),
    response: z.object({ voters: z.array(z.string()) }),
    errors: ["NODE_NOT_FOUND", "CHANGE_UNSAFE", "TIMEOUT", ...unsure],
  },
});

/** Rows about what happened. */
export const eventRows = defineRows({
  eventList: {
    method: "GET",
    path: "/api/events",
    role: "viewer",
    summary: "What happened to the cluster lately, as the asked node saw it",
    query: z.object({
      /** Only events after this one. */
      since: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
    }),
    response: z.object({
      events: z.array(clusterEventSchema),
      /** Number of the newest event. */
      newest: z.int(),
    }),
    errors: [],
  },
  eventStream: {
    method: "GET",
    path: "/api/events/stream",
    role: "viewer",
    summary: "What happens to the cluster from now on, or after an event (Server-Sent Events)",
    query: z.object({ since: z.coerce.number().int().min(0).optional() }),
    headers: z.object({
      /** The id of the last event, which a browser sends after a broken connection. */
      "last-event-id": z.string().regex(/^\d{1,16}$/).optional(),
    }),
    response: "stream",
    message: clusterEventSchema,
    errors: ["WATCHES_EXHAUSTED"],
  },
});
