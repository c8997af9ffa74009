/**
 * Contract of the analytics slice, shared with its callers.
 *
 * @module
 */
import { contract, method, z } from "aether";

const code = z.string().min(1).max(32);

/** Counts how often links are followed. */
export const analytics = contract("org.example:analytics", {
  record: method({
    input: z.object({ code }),
    output: z.object({ visits: z.int() }),
    summary: "Counts one visit; for other slices only",
  }),
  stats: method({
    input: z.object({ code }),
    output: z.object({ code, visits: z.int() }),
    http: "GET /stats/:code",
    summary: "How often a link was followed",
  }),
});
