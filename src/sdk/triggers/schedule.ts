/**
 * `every()` and `cron()`: let a function of the slice be called at certain times.
 *
 * They only describe; the cluster keeps the time. `create` returns a function under the schedule's
 * name. Slices import this through `aether`.
 *
 * @module
 */
import { z } from "zod";
import type { CallContext } from "../call_context.ts";

/** How a schedule is carried out. */
export interface ScheduleOptions {
  /**
   * What becomes of due times for which it is more than a minute too late, because the cluster was
   * down or the former fire ran that long: "once" makes up for all of them with one fire.
   * @default {"skip"}
   */
  readonly catchUp?: "skip" | "once";
  /** "single": one instance in the cluster; "all": each active instance. @default {"single"} */
  readonly mode?: "single" | "all";
  /** Whether a fire may start while a former one runs. @default {false} */
  readonly overlap?: boolean;
  /** Time for one fire, in milliseconds; at most an hour. @default {30000} */
  readonly timeoutMs?: number;
}

/** Options of {@link cron}. */
export interface CronOptions extends ScheduleOptions {
  /** IANA name of the zone whose clock counts, e.g. `Europe/Berlin`. @default {"UTC"} */
  readonly timeZone?: string;
}

/** A schedule, made by {@link every} or {@link cron}. */
export interface ScheduleSpec extends CronOptions {
  readonly every?: string;
  readonly cron?: string;
}

/** Schedules of a slice by the names of their handlers. */
export type Schedules = Record<string, ScheduleSpec>;

/** What a handler knows about the fire. */
export interface Fire {
  /** The same whenever this fire is attempted again, and never another one's: do its work once. */
  readonly id: string;
  /** When it was due, in milliseconds since 1970. */
  readonly dueAtMs: number;
  /** Which attempt this is, from 1; beyond 1 the end of an earlier one is not known. */
  readonly attempt: number;
  /** Whether an operator triggered it. */
  readonly isManual: boolean;
}

/** The functions behind schedules; a fire has succeeded when its function has returned. */
export type ScheduleHandlers<T extends Schedules> = string extends keyof T ? unknown : {
  readonly [K in keyof T]: (fire: Fire, call: CallContext) => void | Promise<void>;
};

/**
 * A fixed interval such as `30s`, `5m`, `1h`, `1d` or `2w`; at least a second. The first fire is
 * one interval after the slice became active.
 *
 * @example
 * ```ts
 * import { contract, every, slice } from "aether";
 * export default slice(contract("org.example:cleaner", {}), {
 *   schedules: { cleanup: every("5m") },
 *   create: () => ({
 *     cleanup: ({ id }, call) => call.log.info("Cleaning up", { id }),
 *   }),
 * });
 * ```
 */
export function every(interval: string, options: ScheduleOptions = {}): ScheduleSpec {
  return Object.freeze({ ...options, every: interval });
}

/**
 * A cron expression of five fields: minute, hour, day of month, month, day of week. When both days
 * are given, either is enough, as in every cron.
 *
 * @example
 * ```ts
 * import { cron } from "aether";
 * const nightly = cron("0 3 * * *", { timeZone: "Europe/Berlin", catchUp: "once" });
 * console.assert(nightly.cron === "0 3 * * *");
 * ```
 */
export function cron(expression: string, options: CronOptions = {}): ScheduleSpec {
  return Object.freeze({ ...options, cron: expression });
}

/** A {@link Fire} as it travels to a handler. */
export const fireSchema: z.ZodType<Fire> = z.object({
  id: z.string(),
  dueAtMs: z.number(),
  attempt: z.int(),
  isManual: z.boolean(),
});
