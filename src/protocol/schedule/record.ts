/**
 * What the store holds of schedules: how they are in force, when they are due, what became of them.
 *
 * The leader writes the record of a schedule; of one that every instance runs, each node writes a
 * record of its own fires besides.
 *
 * @module
 */
import { z } from "zod";
import { scheduleSchema } from "./schedule.ts";

/** A fire whose end is not written yet: the intent is there before the call is made. */
const openFireSchema = z.object({
  /** Grows with each fire of the schedule, and is part of the fire's id. */
  number: z.int().min(1),
  dueMs: z.number(),
  isManual: z.boolean(),
  attempt: z.int().min(1),
  /** Who makes the attempt, as the leader of which term. */
  node: z.string(),
  term: z.int(),
  /** Wall time, for people. */
  startedAtMs: z.number(),
});
/** See {@link openFireSchema}. */
export type OpenFire = z.output<typeof openFireSchema>;

/** How fires end. */
const fireResults = [
  "succeeded",
  "failed",
  /** An instance may have run it and nobody knows the end. */
  "unknown",
] as const;
/** One of {@link fireResults}. */
export type FireResult = typeof fireResults[number];

/** The fire that ended last. */
export const lastFireSchema = z.object({
  id: z.string(),
  dueMs: z.number(),
  endedAtMs: z.number(),
  attempt: z.int(),
  result: z.enum(fireResults),
  /** Why it did not succeed. */
  reason: z.string().max(2_000).optional(),
});
/** Counts since the schedule was registered. */
export const fireTotalsSchema = z.object({
  fired: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  /** Due times for which it was too late. */
  missed: z.int(),
});
/** Fires that may be open at a time, of a schedule whose fires may overlap. */
export const openFiresMax = 16;

/** Where a schedule is in its due times. */
const fireStateSchema = z.object({
  /** The first due time that was not dealt with; null when none comes any more. */
  nextDueMs: z.number().nullable(),
  /** Number of the last fire. */
  number: z.int(),
  open: z.array(openFireSchema).max(openFiresMax),
  last: lastFireSchema.nullable(),
  totals: fireTotalsSchema,
});
/** See {@link fireStateSchema}. */
export type FireState = z.output<typeof fireStateSchema>;

/** A registered schedule. */
export const scheduleRecordSchema = z.object({
  /** The version whose manifest declares it. */
  artifact: z.string(),
  /** As declared, with what the blueprint changes. */
  schedule: scheduleSchema,
  /** false: the blueprint switched it off. */
  isEnabled: z.boolean(),
  /** An operator paused it. */
  isPaused: z.boolean(),
  registeredAtMs: z.number(),
  /** Changes when the due times start anew: another timing, or the end of a pause. */
  epoch: z.int(),
  /** Times that an operator triggered it, of one that every instance runs. */
  triggers: z.int(),
  state: fireStateSchema,
});
/** See {@link scheduleRecordSchema}. */
export type ScheduleRecord = z.output<typeof scheduleRecordSchema>;

/** What a node says of its own fires of a schedule that every instance runs. */
export const nodeFiresSchema = z.object({
  registeredAtMs: z.number(),
  epoch: z.int(),
  triggers: z.int(),
  state: fireStateSchema,
});
/** See {@link nodeFiresSchema}. */
export type NodeFires = z.output<typeof nodeFiresSchema>;
