/**
 * API rows about calls: their figures, and what is switched on of single methods.
 *
 * @module
 */
import { z } from "zod";
import { clusterFiguresSchema } from "../slice/call_figures.ts";
import { aspectModes } from "../slice/interceptors.ts";
import { defineRows } from "./row.ts";

const contract = z.string().regex(/^[a-z][a-z0-9_.-]*:[a-z0-9-]+$/, "Write group:name").max(200);
const method = z.string().regex(/^(?:\*|[A-Za-z0-9]{1,63})$/, "Write a method, or * for all");
const mode = z.enum(aspectModes);
const unsure = ["NOT_PROPOSED", "OUTCOME_UNKNOWN"] as const;
const aspect = z.object({ contract, method, mode });

/** Rows about calls. */
export const callRows = defineRows({
  calls: {
    method: "GET",
    path: "/api/calls",
    role: "viewer",
    summary: "Calls of every version and method in the cluster, over the last minute",
    response: clusterFiguresSchema.omit({ health: true, downloads: true }),
    errors: [],
  },
  aspectList: {
    method: "GET",
    path: "/api/aspects",
    role: "viewer",
    summary: "Methods whose calls are logged or counted by outcome at the moment",
    response: z.object({ aspects: z.array(aspect) }),
    errors: [],
  },
  aspectSet: {
    method: "POST",
    path: "/api/aspects",
    role: "operator",
    summary: "Logs the calls of a method, counts them by outcome, or both, until it is removed",
    body: z.strictObject({ contract, method: method.default("*"), mode }),
    response: aspect.extend({ revision: z.int() }),
    errors: [...unsure],
  },
  aspectRemove: {
    method: "DELETE",
    path: "/api/aspects/{contract}/{method}",
    role: "operator",
    summary: "Ends what was set for a method, or with * for all others",
    params: z.object({ contract, method }),
    response: z.object({ contract, method, revision: z.int() }),
    errors: ["ASPECT_NOT_FOUND", ...unsure],
  },
});
