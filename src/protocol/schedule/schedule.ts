/**
 * Schedules: functions of slices that the cluster calls at certain times (#26-#31).
 *
 * A slice declares them beside its contract, a blueprint may change them. What is stored of a
 * schedule, its own times and what became of them, is in `record.ts`.
 *
 * @module
 */
import { z } from "zod";
import { timingProblem } from "./timing.ts";

/** Who runs a due schedule. */
const scheduleModes = [
  /** One instance of the slice in the whole cluster. */
  "single",
  /** Every active instance. */
  "all",
] as const;
/** What becomes of due times for which it is too late. */
const catchUps = [
  /** They are counted as missed. */
  "skip",
  /** They are counted as missed, and one fire makes up for all of them. */
  "once",
] as const;

const parts = {
  every: z.string().max(64).optional(),
  cron: z.string().max(256).optional(),
  timeZone: z.string().max(64).optional(),
  catchUp: z.enum(catchUps),
  mode: z.enum(scheduleModes),
  overlap: z.boolean(),
};

/** One schedule of a slice. */
export const scheduleSchema = z.strictObject({
  ...parts,
  catchUp: parts.catchUp.default("skip"),
  mode: parts.mode.default("single"),
  /** Whether a fire may start while a former one runs. */
  overlap: parts.overlap.default(false),
  /** Time for one fire, in milliseconds. */
  timeoutMs: z.int().min(10).max(3_600_000).default(30_000),
}).superRefine((schedule, context) => {
  const message = timingProblem(schedule);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});
/** See {@link scheduleSchema}. */
export type Schedule = z.output<typeof scheduleSchema>;

/** Schedules of a slice by the names of their functions. */
export const schedulesSchema = z.record(z.string().max(64), scheduleSchema).refine(
  (schedules) => Object.keys(schedules).length <= 100,
  "A slice has at most 100 schedules",
);

/** What a blueprint changes of a slice's schedule; what it leaves out stays as declared. */
const scheduleChangeSchema = z.strictObject({
  every: parts.every,
  cron: parts.cron,
  timeZone: parts.timeZone,
  catchUp: parts.catchUp.optional(),
  mode: parts.mode.optional(),
  overlap: parts.overlap.optional(),
  /** false: it is not fired. */
  enabled: z.boolean().optional(),
}).superRefine((change, context) => {
  const { every, cron, timeZone } = change;
  if (every === undefined && cron === undefined) return;
  const message = timingProblem({ every, cron, timeZone });
  if (message !== undefined) context.addIssue({ code: "custom", message });
});
/** See {@link scheduleChangeSchema}. */
export type ScheduleChange = z.output<typeof scheduleChangeSchema>;

/** Changes of a slice's schedules by name. */
export const scheduleChangesSchema = z.record(z.string().max(64), scheduleChangeSchema);
/** See {@link scheduleChangesSchema}. */
export type ScheduleChanges = z.output<typeof scheduleChangesSchema>;

/** A schedule as it is in force. */
export interface EffectiveSchedule {
  readonly schedule: Schedule;
  readonly isEnabled: boolean;
}

/**
 * A schedule with what the blueprint changes of it; a new interval replaces a cron expression, and
 * the other way round.
 */
export function withChange(
  declared: Schedule,
  change: ScheduleChange | undefined,
): EffectiveSchedule {
  if (change === undefined) return { schedule: declared, isEnabled: true };
  const { enabled = true, ...rest } = change;
  const { every, cron, timeZone, ...manner } = declared;
  const isNewTiming = rest.every !== undefined || rest.cron !== undefined;
  const timing = isNewTiming ? {} : { every, cron, timeZone };
  const schedule = scheduleSchema.safeParse(withoutAbsent({ ...timing, ...manner, ...rest }));
  // A time zone for an interval: refused when it is applied, and harmless here.
  return { schedule: schedule.success ? schedule.data : declared, isEnabled: enabled };
}

/** What is wrong with a change of a declared schedule; undefined when nothing is. */
export function changeProblem(declared: Schedule, change: ScheduleChange): string | undefined {
  if (change.every !== undefined || change.cron !== undefined) return undefined;
  if (change.timeZone === undefined) return undefined;
  return timingProblem({ ...declared, timeZone: change.timeZone });
}

function withoutAbsent(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}
