/**
 * What a change of a schedule's record means to people; `aether events` tells it.
 *
 * Fires that succeed are no news, and of a row of failures only the first is: the record counts
 * them, each is a dead letter, and events of the cluster must not be pushed out by them.
 *
 * @module
 */
import type { EventType } from "../../protocol/api/cluster.ts";
import type { FireState } from "../../protocol/schedule/record.ts";

/** The part of a record that is looked at; a node's own fires are never paused. */
interface Recorded {
  readonly isPaused?: boolean;
  readonly state: FireState;
}

/** Something that happened to a schedule. */
export interface ScheduleEvent {
  readonly type: EventType;
  /** For people. */
  readonly detail: string;
}

/** What happened between two states of a record; nothing when it was registered. */
export function scheduleEvents(
  schedule: string,
  before: Recorded | undefined,
  after: Recorded,
): ScheduleEvent[] {
  if (before === undefined) return [];
  const events: ScheduleEvent[] = [];
  const { last, totals } = after.state;
  const missed = totals.missed - before.state.totals.missed;
  const hasEnded = last !== null && last.id !== before.state.last?.id;
  const failedBefore = before.state.last !== null && before.state.last.result !== "succeeded";
  if (before.isPaused !== after.isPaused) {
    events.push(
      after.isPaused
        ? { type: "SCHEDULE_PAUSED", detail: `${schedule} is paused` }
        : { type: "SCHEDULE_RESUMED", detail: `${schedule} fires again` },
    );
  }
  if (missed > 0) {
    const detail = `${schedule} has missed ${missed} due ${missed === 1 ? "time" : "times"}`;
    events.push({ type: "SCHEDULE_MISSED", detail });
  }
  if (hasEnded && last.result === "succeeded" && failedBefore) {
    events.push({ type: "SCHEDULE_RECOVERED", detail: `${schedule} has succeeded again` });
  } else if (hasEnded && last.result !== "succeeded" && !failedBefore) {
    const detail = `${schedule} has failed: ${last.reason ?? last.result}`;
    events.push({ type: "SCHEDULE_FAILED", detail });
  }
  return events;
}
