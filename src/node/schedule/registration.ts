/**
 * The record of a schedule after a look at what is declared: a pure decision of the leader.
 *
 * @module
 */
import type { ScheduleRecord } from "../../protocol/schedule/record.ts";
import type { Schedule } from "../../protocol/schedule/schedule.ts";
import { firstState, restarted } from "../../schedule/fires.ts";
import type { WantedSchedule } from "./wanted.ts";

/**
 * The record as it should be: the same object when nothing changed, undefined when there is none
 * and none is due yet, because no instance of the slice is active.
 *
 * @param wallMs for people
 * @param nowMs by the clock of the schedule
 */
export function registered(
  record: ScheduleRecord | undefined,
  wanted: WantedSchedule,
  wallMs: number,
  nowMs: number,
): ScheduleRecord | undefined {
  const { artifact, schedule, isEnabled, isServed } = wanted;
  if (record === undefined) {
    if (!isServed) return undefined;
    return {
      artifact,
      schedule,
      isEnabled,
      isPaused: false,
      registeredAtMs: wallMs,
      epoch: 1,
      triggers: 0,
      state: firstState(schedule, nowMs),
    };
  }
  const isSame = record.artifact === artifact && record.isEnabled === isEnabled &&
    JSON.stringify(record.schedule) === JSON.stringify(schedule);
  if (isSame) return record;
  const next = { ...record, artifact, schedule, isEnabled };
  // While it was off nothing was missed.
  const goesOn = isSameTiming(record.schedule, schedule) && (record.isEnabled || !isEnabled);
  return goesOn ? next : withNewTimes(next, nowMs);
}

/** The record with due times that begin now. */
export function withNewTimes(record: ScheduleRecord, nowMs: number): ScheduleRecord {
  const { epoch, schedule, state } = record;
  return { ...record, epoch: epoch + 1, state: restarted(state, schedule, nowMs) };
}

function isSameTiming(one: Schedule, other: Schedule): boolean {
  return one.every === other.every && one.cron === other.cron && one.timeZone === other.timeZone &&
    one.mode === other.mode;
}
