/**
 * When a schedule fires and what is written down of it: a pure machine over {@link FireState}.
 *
 * A due time fires as soon as it can: at its time, or up to {@link graceMs} later when nobody was
 * there to do it or the former fire still ran, each due time once and one after the other. For what
 * is older it is too late: it is missed, and the schedule says whether one fire makes up for that.
 *
 * A fire begins with an open entry, which is written before the call is made, and ends when the
 * entry goes. Whoever finds an open entry of somebody who has gone makes the same fire again, under
 * the same id. It reads no clock and writes nothing; `src/node/schedule` does.
 *
 * @module
 */
import type { FireResult, FireState, OpenFire } from "../protocol/schedule/record.ts";
import { openFiresMax } from "../protocol/schedule/record.ts";
import type { Schedule } from "../protocol/schedule/schedule.ts";
import { dueAfter, graceMs, passOver } from "../protocol/schedule/timing.ts";
import { parseDuration } from "../base/duration.ts";

/** Who makes an attempt. */
export type Runner = Pick<OpenFire, "node" | "term">;

/** The state of a schedule that begins now. */
export function firstState(schedule: Schedule, nowMs: number): FireState {
  return {
    nextDueMs: dueAfter(schedule, nowMs) ?? null,
    number: 0,
    open: [],
    last: null,
    totals: { fired: 0, succeeded: 0, failed: 0, missed: 0 },
  };
}

/** The state of a schedule whose due times begin anew. */
export function restarted(state: FireState, schedule: Schedule, nowMs: number): FireState {
  return { ...state, nextDueMs: dueAfter(schedule, nowMs) ?? null };
}

/** A fire that should begin now. */
export interface DueFire {
  readonly dueMs: number;
  /** Due times that are missed for good before it. */
  readonly missed: number;
  /** The due time after it. */
  readonly nextDueMs: number | undefined;
}

/** What is to be done about a schedule now. */
export interface Look {
  readonly fire?: DueFire;
  /** When to look again, by the same clock; undefined when nothing is due any more. */
  readonly wakeAtMs: number | undefined;
}

/** Looks at a schedule; the time is the wall's for cron, and for an interval one without jumps. */
export function look(schedule: Schedule, state: FireState, nowMs: number): Look {
  const firstMs = pending(schedule, state, nowMs);
  if (firstMs === undefined) return { wakeAtMs: undefined };
  const { count, nextMs } = passOver(schedule, firstMs, nowMs - graceMs);
  if (count > 0 && schedule.catchUp === "once") {
    return { fire: { dueMs: firstMs, missed: count, nextDueMs: nextMs }, wakeAtMs: nowMs };
  }
  if (nextMs === undefined || nextMs > nowMs) return { wakeAtMs: nextMs };
  const nextDueMs = dueAfter(schedule, nextMs);
  return { fire: { dueMs: nextMs, missed: count, nextDueMs }, wakeAtMs: nowMs };
}

/** The due time that comes first; of an interval never further away than one and a bit. */
function pending(schedule: Schedule, state: FireState, nowMs: number): number | undefined {
  const { nextDueMs } = state;
  if (nextDueMs === null) return undefined;
  if (schedule.every === undefined) return nextDueMs;
  const intervalMs = parseDuration(schedule.every);
  // The clock of the machine was set back, or another node's is far behind.
  return nextDueMs - nowMs > 2 * intervalMs ? nowMs + intervalMs : nextDueMs;
}

/** Whether another fire may begin beside those that are open. */
export function mayBegin({ overlap }: Schedule, { open }: FireState): boolean {
  return open.length === 0 || (overlap && open.length < openFiresMax);
}

/** The state with a fire that begins; the open entry is its last one. */
export function begun(
  state: FireState,
  fire: DueFire & { readonly isManual: boolean },
  runner: Runner,
  nowMs: number,
): FireState {
  const { dueMs, isManual, missed } = fire;
  const number = state.number + 1;
  const { totals } = state;
  return {
    ...state,
    nextDueMs: fire.nextDueMs ?? null,
    number,
    open: [...state.open, {
      number,
      dueMs,
      isManual,
      attempt: 1,
      node: runner.node,
      term: runner.term,
      startedAtMs: nowMs,
    }],
    totals: { ...totals, fired: totals.fired + 1, missed: totals.missed + missed },
  };
}

/** The state in which somebody else makes an open fire again. */
export function takenOver(state: FireState, number: number, { node, term }: Runner): FireState {
  const open = state.open.map((fire) =>
    fire.number === number ? { ...fire, attempt: fire.attempt + 1, node, term } : fire
  );
  return { ...state, open };
}

/** How a fire ended. */
export interface FireEnd {
  readonly id: string;
  readonly result: FireResult;
  readonly attempt: number;
  readonly endedAtMs: number;
  readonly reason: string | undefined;
}

/** The state after the end of an open fire. */
export function ended(state: FireState, number: number, end: FireEnd): FireState {
  const fire = state.open.find((each) => each.number === number);
  if (fire === undefined) return state;
  const { totals } = state;
  const { reason, ...rest } = end;
  const last = { ...rest, dueMs: fire.dueMs };
  return {
    ...state,
    open: state.open.filter((each) => each !== fire),
    last: reason === undefined ? last : { ...last, reason: reason.slice(0, 2_000) },
    totals: end.result === "succeeded"
      ? { ...totals, succeeded: totals.succeeded + 1 }
      : { ...totals, failed: totals.failed + 1 },
  };
}

/** The id of a fire: the same for all its attempts, and never another one's. */
export function fireId(name: string, registeredAtMs: number, number: number): string {
  return `${name}/${Math.floor(registeredAtMs).toString(36)}-${number}`;
}
