/**
 * API rows about the life cycle of nodes, and about why an instance runs where it does.
 *
 * @module
 */
import { z } from "zod";
import { instanceStates } from "../../instance_state.ts";
import { nodeLifecycles } from "../../node_lifecycle.ts";
import { defineRows } from "../row.ts";

const id = z.object({ id: z.string().min(1).max(63) });
const unsure = ["NOT_PROPOSED", "OUTCOME_UNKNOWN", "REVISION_CONFLICT"] as const;
const life = z.object({
  id: z.string(),
  state: z.enum(nodeLifecycles),
  alive: z.boolean(),
  /** Instances that are on the node, whatever their state. */
  instances: z.int(),
  revision: z.int(),
});
/** A node and its state. */
export type NodeLife = z.output<typeof life>;
const changed = z.object({ id: z.string(), state: z.enum(nodeLifecycles), revision: z.int() });

const reason = z.string().optional();

/** Why each version of a slice is where it is. */
export const explanationSchema = z.object({
  /** The node that decided, its term, and the revision of the store that it looked at. */
  leader: z.string(),
  term: z.int(),
  revision: z.int(),
  targets: z.array(z.object({
    artifact: z.string(),
    wanted: z.int(),
    active: z.int(),
    waitingFor: z.array(z.string()),
    candidates: z.array(z.object({ node: z.string(), starts: z.int(), reason: z.string() })),
    notes: z.array(z.string()),
  })),
  instances: z.array(z.object({
    id: z.string(),
    node: z.string(),
    state: z.enum(instanceStates),
    attempt: z.int(),
    failures: z.int(),
    fatal: z.boolean().optional(),
    reason,
  })),
});
/** See {@link explanationSchema}. */
export type Explanation = z.output<typeof explanationSchema>;

/** Rows about nodes; an illegal change is answered 409 with the state in which the node is. */
export const nodeRows = defineRows({
  nodeLifecycles: {
    method: "GET",
    path: "/api/nodes/lifecycle",
    role: "viewer",
    summary: "State of every node",
    response: z.object({ nodes: z.array(life) }),
    errors: [],
  },
  nodeLifecycle: {
    method: "GET",
    path: "/api/node/lifecycle/{id}",
    role: "viewer",
    summary: "State of a node",
    params: id,
    response: life,
    errors: ["NODE_NOT_FOUND"],
  },
  nodeDrain: {
    method: "POST",
    path: "/api/node/drain/{id}",
    role: "admin",
    summary: "Moves the instances of a node to others, one by one, and decommissions it",
    params: id,
    response: changed,
    errors: ["NODE_NOT_FOUND", "TRANSITION_ILLEGAL", ...unsure],
  },
  nodeActivate: {
    method: "POST",
    path: "/api/node/activate/{id}",
    role: "admin",
    summary: "Brings a drained node back on duty, or cancels its drain",
    params: id,
    response: changed,
    errors: ["NODE_NOT_FOUND", "TRANSITION_ILLEGAL", ...unsure],
  },
  nodeShutdown: {
    method: "POST",
    path: "/api/node/shutdown/{id}",
    role: "admin",
    summary: "Lets others run the instances of a node, and ends its process",
    params: id,
    response: changed,
    errors: ["NODE_NOT_FOUND", "TRANSITION_ILLEGAL", ...unsure],
  },
  explainInstance: {
    method: "GET",
    path: "/api/explain/instance/{artifact}",
    role: "viewer",
    summary: "Why a slice runs where it does, or does not run: every node with the reason",
    params: z.object({ artifact: z.string().min(1).max(256) }),
    response: explanationSchema,
    errors: ["SLICE_NOT_APPLIED", "NO_LEADER", "UNREACHABLE", "TIMEOUT"],
  },
});
