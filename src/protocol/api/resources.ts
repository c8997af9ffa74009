/**
 * The API row about the resources that slices share.
 *
 * @module
 */
import { z } from "zod";
import { resourceViewSchema } from "../thread/resources.ts";
import { defineRows } from "./row.ts";

/** Rows about resources. */
export const resourceRows = defineRows({
  resources: {
    method: "GET",
    path: "/api/resources",
    role: "viewer",
    summary: "What the slices of each node share: pools, clients, the store, and who uses them",
    response: z.object({
      nodes: z.array(z.object({
        node: z.string(),
        resources: z.array(resourceViewSchema),
      })),
      /** Members that did not answer. */
      silent: z.array(z.string()),
    }),
    errors: [],
  },
});
