/**
 * When a schedule is due: intervals and cron expressions of five fields.
 *
 * Everything is a calculation with times that are given; nothing here reads a clock. The build, the
 * checks of manifests and blueprints, and the cluster's scheduler all use it.
 *
 * @module
 */
import { Cron } from "croner";
import { parseDuration } from "../../base/duration.ts";
import { AetherError } from "../../base/errors.ts";

/** How late a due time may fire, in milliseconds. */
export const graceMs = 60_000;
/** Shortest and longest interval, in milliseconds. */
const intervalMs = { min: 1_000, max: 366 * 86_400_000 } as const;
/** Due times that are counted one by one; more are "that many or more". */
const countMax = 1_000;

/** An interval, or a cron expression with its time zone; exactly one of both. */
export interface Timing {
  /** Duration such as `5m`. */
  readonly every?: string | undefined;
  /** `minute hour day-of-month month day-of-week`. */
  readonly cron?: string | undefined;
  /** IANA name; of a cron expression only. @default {"UTC"} */
  readonly timeZone?: string | undefined;
}

/** What is wrong with a timing, and what to write; undefined when nothing is. */
export function timingProblem({ every, cron, timeZone }: Timing): string | undefined {
  if ((every === undefined) === (cron === undefined)) {
    return 'Write either an interval such as every = "5m" or cron = "0 3 * * *"';
  }
  if (every !== undefined) {
    if (timeZone !== undefined) return "An interval has no time zone: remove timeZone";
    return intervalProblem(every);
  }
  return cronProblem(cron ?? "", timeZone ?? "UTC");
}

function intervalProblem(every: string): string | undefined {
  let durationMs: number;
  try {
    durationMs = parseDuration(every);
  } catch (error) {
    if (error instanceof AetherError) return error.message;
    throw error;
  }
  if (durationMs >= intervalMs.min && durationMs <= intervalMs.max) return undefined;
  return `Interval "${every}" is out of range: write 1s to 366d`;
}

function cronProblem(cron: string, timeZone: string): string | undefined {
  if (!isTimeZone(timeZone)) {
    return `"${timeZone}" is no time zone: write a name such as Europe/Berlin, or leave it out`;
  }
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5) {
    return `Cron expression "${cron}" has ${fields.length} fields, not 5: write ` +
      "minute hour day-of-month month day-of-week, e.g. 0 3 * * *";
  }
  try {
    const first = cronOf(cron, timeZone).nextRun(new Date(0));
    return first === null ? `Cron expression "${cron}" never comes true` : undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : "";
    return `Cron expression "${cron}" is not valid: ${reason}`;
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Made once for each: tasks ask again and again. */
const crons = new Map<string, Cron>();
const cronsMax = 1_000;

function cronOf(pattern: string, timezone: string): Cron {
  const key = `${timezone} ${pattern}`;
  let cron = crons.get(key);
  if (cron === undefined) {
    cron = new Cron(pattern, { mode: "5-part", timezone, paused: true });
    if (crons.size >= cronsMax) crons.clear();
    crons.set(key, cron);
  }
  return cron;
}

/**
 * The first due time after a time; undefined when there is none any more.
 *
 * An interval is due that long after the time; cron where the wall clock of its zone says so: a
 * time that is skipped when summer begins comes as much later, one that comes twice when it ends
 * counts once.
 *
 * @example
 * ```ts
 * import { dueAfter } from "./timing.ts";
 * console.assert(dueAfter({ every: "5m" }, 1_000) === 301_000);
 * console.assert(dueAfter({ cron: "0 3 * * *" }, 0) === 3 * 3_600_000);
 * ```
 */
export function dueAfter(timing: Timing, afterMs: number): number | undefined {
  const { every, cron = "", timeZone = "UTC" } = timing;
  if (every !== undefined) return afterMs + parseDuration(every);
  return cronOf(cron, timeZone).nextRun(new Date(afterMs))?.getTime();
}

/** Due times that were passed over, and the first one that was not. */
export interface Passed {
  /** How many; of cron never more than 1000. */
  readonly count: number;
  readonly nextMs: number | undefined;
}

/** Goes from a due time to the first one that is not before a time. */
export function passOver(timing: Timing, dueMs: number, untilMs: number): Passed {
  if (dueMs >= untilMs) return { count: 0, nextMs: dueMs };
  if (timing.every !== undefined) {
    const stepMs = parseDuration(timing.every);
    const count = Math.ceil((untilMs - dueMs) / stepMs);
    return { count, nextMs: dueMs + count * stepMs };
  }
  let nextMs: number | undefined = dueMs;
  for (let count = 0; count < countMax; count++) {
    if (nextMs === undefined || nextMs >= untilMs) return { count, nextMs };
    nextMs = dueAfter(timing, nextMs);
  }
  // A due time may lie exactly there.
  return { count: countMax, nextMs: dueAfter(timing, untilMs - 1) };
}
