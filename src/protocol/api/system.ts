/**
 * API rows about the node and the cluster: health, status, nodes, slices, routes.
 *
 * @module
 */
import { z } from "zod";
import { healths, instanceStates } from "../instance_state.ts";
import { addressesSchema } from "../keys.ts";
import { nodeLifecycles } from "../node_lifecycle.ts";
import { downloadSchema } from "../slice/call_figures.ts";
import { exitReasons, tiers } from "../thread/threads.ts";
import { defineRows } from "./row.ts";

const nodeState = z.enum(nodeLifecycles);

/** A member of the cluster. */
const nodeViewSchema = z.object({
  id: z.string(),
  state: nodeState,
  leader: z.boolean(),
  self: z.boolean(),
  /** Whether this node believes that it works. */
  alive: z.boolean(),
  voter: z.boolean(),
  version: z.string(),
  addresses: addressesSchema,
  instances: z.int(),
});

/** One instance of a slice. */
const instanceViewSchema = z.object({
  id: z.string(),
  artifact: z.string(),
  node: z.string(),
  state: z.enum(instanceStates),
  attempt: z.int(),
  sinceMs: z.number(),
  /** Whether it is expected to answer soon; absent where nobody has reported it lately. */
  health: z.enum(healths).optional(),
  /** How much of its artifact has come to its node, while it is DOWNLOADING. */
  download: downloadSchema.optional(),
  reason: z.string().optional(),
  /** How it ended, when it has failed. */
  exit: z.enum(exitReasons).optional(),
  /** What it uses; only the node that runs it knows. */
  usage: z.object({
    tier: z.enum(tiers),
    heapBytes: z.number(),
    externalBytes: z.number(),
    /** Since it started; absent where the system does not say. */
    cpuMs: z.number().optional(),
  }).optional(),
});

/** A route that is served. */
const routeViewSchema = z.object({
  method: z.string(),
  path: z.string(),
  contract: z.string(),
  handler: z.string(),
  artifacts: z.array(z.string()),
  instances: z.int(),
});

/** Rows about the system. */
export const systemRows = defineRows({
  healthLive: {
    method: "GET",
    path: "/health/live",
    role: "public",
    summary: "Answers while the process works",
    response: z.object({ status: z.literal("live") }),
    errors: [],
  },
  healthReady: {
    method: "GET",
    path: "/health/ready",
    role: "public",
    summary: "Answers 200 when the node can serve, else 503 with the reasons",
    response: z.object({ ready: z.boolean(), reasons: z.array(z.string()) }),
    otherStatuses: [503],
    errors: [],
  },
  health: {
    method: "GET",
    path: "/api/health",
    role: "viewer",
    summary: "Health of the node and its cluster",
    response: z.object({
      ready: z.boolean(),
      quorum: z.boolean(),
      connectedPeers: z.int(),
      nodeCount: z.int(),
      sliceCount: z.int(),
    }),
    errors: [],
  },
  status: {
    method: "GET",
    path: "/api/status",
    role: "viewer",
    summary: "What this node is and does",
    response: z.object({
      node: z.string(),
      version: z.string(),
      form: z.string(),
      uptimeMs: z.number(),
      leader: z.string().nullable(),
      revision: z.int(),
      storeBytes: z.int(),
      durable: z.boolean(),
      /** Of consensus: decided in all, and without any write since the start of the node. */
      slots: z.object({ decided: z.int(), empty: z.int() }),
      blueprints: z.int(),
      slices: z.int(),
      instances: z.object({ active: z.int(), failed: z.int(), total: z.int() }),
      addresses: addressesSchema,
      links: z.object({
        /** Connections with other nodes that were refused, by reason; since the start. */
        refusals: z.record(z.string(), z.int()),
        /** Links on which a node said that it is another one than its certificate says. */
        impostors: z.int(),
        /** Links that were closed for a frame that could not be read. */
        malformed: z.int(),
      }),
    }),
    errors: [],
  },
  nodes: {
    method: "GET",
    path: "/api/nodes",
    role: "viewer",
    summary: "Members of the cluster",
    response: z.object({ nodes: z.array(nodeViewSchema) }),
    errors: [],
  },
  slices: {
    method: "GET",
    path: "/api/slices",
    role: "viewer",
    summary: "Slices that should run, with wanted and active instances",
    response: z.object({
      slices: z.array(z.object({
        artifact: z.string(),
        blueprint: z.string(),
        instances: z.int(),
        active: z.int(),
        minAvailable: z.int(),
        status: z.string(),
        reason: z.string().optional(),
      })),
    }),
    errors: [],
  },
  slicesStatus: {
    method: "GET",
    path: "/api/slices/status",
    role: "viewer",
    summary: "Every instance with its state",
    response: z.object({ instances: z.array(instanceViewSchema) }),
    errors: [],
  },
  routes: {
    method: "GET",
    path: "/api/routes",
    role: "viewer",
    summary: "HTTP routes that are served",
    response: z.object({ revision: z.int(), routes: z.array(routeViewSchema) }),
    errors: [],
  },
  openapi: {
    method: "GET",
    path: "/api/openapi.json",
    role: "public",
    summary: "This API as OpenAPI 3.1",
    response: z.record(z.string(), z.unknown()),
    errors: [],
  },
});
