/**
 * What is stored about keeping the cluster at its size: which node was ordered, and what was
 * started so far.
 *
 * The leader writes it; the next leader goes on with it. Wall times, since they must outlive the
 * process; they only space out starts, so a clock that jumps costs patience, nothing else.
 *
 * @module
 */
import { z } from "zod";

/** The schema of `sizing/current`. */
export const sizingSchema = z.object({
  /** The one node that is being started or stopped. */
  order: z.object({
    kind: z.enum(["start", "stop"]),
    node: z.string(),
    /** The dead node whose place it takes; none when the cluster grows. */
    replaces: z.string().optional(),
    orderedAtMs: z.number(),
  }).optional(),
  /** Nodes that were started for the size and not stopped since, oldest first. */
  started: z.array(z.string()),
  /** When nodes were ordered in the last hour. */
  startedAtMs: z.array(z.number()),
  /** Orders in a row that came to nothing. */
  failures: z.int(),
  /** Number of the next node. */
  next: z.int(),
});

/** One value of {@link sizingSchema}. */
export type Sizing = z.output<typeof sizingSchema>;

/** Before anything was ordered. */
export const noSizing: Sizing = { started: [], startedAtMs: [], failures: 0, next: 1 };
