/**
 * API rows about schedules.
 *
 * @module
 */
import { z } from "zod";
import { fireTotalsSchema, lastFireSchema } from "../../schedule/record.ts";
import { scheduleSchema } from "../../schedule/schedule.ts";
import { defineRows } from "../row.ts";

const contract = z.string().regex(/^[a-z][a-z0-9_.-]*:[a-z0-9-]+$/, "Write group:name").max(200);
const name = z.string().regex(/^[a-z][A-Za-z0-9]{0,62}$/, "Write the name of a schedule");
const params = z.object({ contract, name });

/** How a schedule is at the moment. */
const scheduleStates = [
  "ACTIVE",
  /** An operator paused it. */
  "PAUSED",
  /** The blueprint switched it off. */
  "OFF",
  /** The cluster has no leader or no majority. */
  "WAITING",
] as const;

/** A schedule and what became of it. */
export const scheduleViewSchema = z.object({
  contract: z.string(),
  name: z.string(),
  /** The version that declares it. */
  artifact: z.string(),
  /** As declared, with what the blueprint changes. */
  schedule: scheduleSchema,
  state: z.enum(scheduleStates),
  /** When it is due next, in milliseconds since 1970; null when never, or not before a change. */
  nextAtMs: z.number().nullable(),
  /** Fires under way. */
  running: z.int(),
  last: lastFireSchema.nullable(),
  /** Since it was registered. */
  totals: fireTotalsSchema,
  registeredAtMs: z.number(),
});
/** See {@link scheduleViewSchema}. */
export type ScheduleView = z.output<typeof scheduleViewSchema>;

const listSchema = z.object({
  tasks: z.array(scheduleViewSchema),
  /** Schedules of the whole cluster that fire at their times: they are ACTIVE. */
  activeTimers: z.int(),
});

/** What a trigger began. */
export const triggeredSchema = z.object({
  contract: z.string(),
  name: z.string(),
  /** Id of the fire; null when every node makes one of its own. */
  fire: z.string().nullable(),
});

const leaderErrors = [
  "SCHEDULE_NOT_FOUND",
  "NO_LEADER",
  "UNREACHABLE",
  "TIMEOUT",
  "REVISION_CONFLICT",
  "NOT_PROPOSED",
  "OUTCOME_UNKNOWN",
] as const;

/** Rows about schedules. */
export const scheduleRows = defineRows({
  scheduleList: {
    method: "GET",
    path: "/api/scheduled-tasks",
    role: "viewer",
    summary: "Schedules of all active slices: when they are due and what became of them",
    response: listSchema,
    errors: [],
  },
  scheduleListOf: {
    method: "GET",
    path: "/api/scheduled-tasks/{contract}",
    role: "viewer",
    summary: "Schedules of one slice",
    params: z.object({ contract }),
    response: listSchema,
    errors: [],
  },
  scheduleGet: {
    method: "GET",
    path: "/api/scheduled-tasks/{contract}/{name}",
    role: "viewer",
    summary: "One schedule",
    params,
    response: scheduleViewSchema,
    errors: ["SCHEDULE_NOT_FOUND"],
  },
  schedulePause: {
    method: "POST",
    path: "/api/scheduled-tasks/{contract}/{name}/pause",
    role: "operator",
    summary: "Fires a schedule no more until it is resumed; what runs goes on",
    params,
    body: z.strictObject({}),
    response: scheduleViewSchema,
    errors: leaderErrors,
  },
  scheduleResume: {
    method: "POST",
    path: "/api/scheduled-tasks/{contract}/{name}/resume",
    role: "operator",
    summary: "Fires a paused schedule again; its due times begin anew",
    params,
    body: z.strictObject({}),
    response: scheduleViewSchema,
    errors: leaderErrors,
  },
  scheduleTrigger: {
    method: "POST",
    path: "/api/scheduled-tasks/{contract}/{name}/trigger",
    role: "operator",
    summary: "Fires a schedule once now, paused or not; its due times stay as they are",
    params,
    body: z.strictObject({}),
    response: triggeredSchema,
    errors: ["SCHEDULE_RUNNING", ...leaderErrors],
  },
});
