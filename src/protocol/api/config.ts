/**
 * API rows about the configuration of running nodes.
 *
 * @module
 */
import { z } from "zod";
import { overrideValueSchema } from "../keys.ts";
import { defineRows } from "./row.ts";

const key = z.string().min(1).max(128);
const node = z.string().min(1).max(63);
const effect = z.enum(["live", "restart", "fixed"]);
const unsure = ["NOT_PROPOSED", "OUTCOME_UNKNOWN"] as const;

/** What an override of a key is or was. */
const outcome = z.object({
  key: z.string(),
  /** Null: all nodes. */
  node: z.string().nullable(),
  revision: z.int(),
  /** Whether it holds at once, or after a restart of the node. */
  effect,
});

/** Rows about the configuration; a value is JSON, or text as a variable would give it. */
export const configRows = defineRows({
  configList: {
    method: "GET",
    path: "/api/config",
    role: "viewer",
    summary: "Every key of this node's configuration with its value and where that comes from",
    response: z.object({
      node: z.string(),
      keys: z.array(z.object({
        key: z.string(),
        /** JSON text; empty when it is not set, `***` for a secret. */
        value: z.string(),
        source: z.string(),
        /** When an override of it takes effect; fixed: there can be none. */
        effect,
        /** What an override hides. */
        base: z.object({ value: z.string(), source: z.string() }).optional(),
      })),
    }),
    errors: [],
  },
  overrideList: {
    method: "GET",
    path: "/api/config/overrides",
    role: "viewer",
    summary: "Values that are set over those of the nodes' files",
    response: z.object({
      overrides: z.array(z.object({
        key: z.string(),
        value: overrideValueSchema,
        node: z.string().nullable(),
        revision: z.int(),
      })),
    }),
    errors: [],
  },
  overrideSet: {
    method: "POST",
    path: "/api/config",
    role: "admin",
    summary: "Sets a key for the cluster or one node, over the files",
    body: z.strictObject({ key, value: overrideValueSchema, node: node.optional() }),
    response: outcome,
    errors: ["CONFIG_INVALID", ...unsure],
  },
  overrideRemove: {
    method: "DELETE",
    path: "/api/config/overrides/{key}",
    role: "admin",
    summary: "Removes an override, so that the files count again",
    params: z.object({ key }),
    query: z.object({ node: node.optional() }),
    response: outcome,
    errors: ["OVERRIDE_NOT_FOUND", ...unsure],
  },
});
