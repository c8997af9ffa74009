import assert from "node:assert/strict";
import type { FireResult, FireState } from "../../protocol/schedule/record.ts";
import { scheduleEvents } from "./schedule_events.ts";

const totals = { fired: 0, succeeded: 0, failed: 0, missed: 0 };
const fresh: FireState = { nextDueMs: 0, number: 0, open: [], last: null, totals };

function after(number: number, result: FireResult, reason?: string): FireState {
  const last = { id: `tick/a-${number}`, dueMs: 0, endedAtMs: 0, attempt: 1, result };
  return { ...fresh, number, last: reason === undefined ? last : { ...last, reason } };
}

const typesOf = (...states: FireState[]) =>
  states.slice(1).flatMap((state, i) =>
    scheduleEvents("a/tick", { state: states[i] as FireState }, { state }).map(({ type }) => type)
  );

Deno.test("scheduleEvents() tells the first of a row of failures, and its end", () => {
  const states = [
    ...[fresh, after(1, "succeeded"), after(2, "failed"), after(2, "failed")],
    ...[after(3, "unknown"), after(4, "succeeded"), after(5, "succeeded"), after(6, "failed")],
  ];
  const expected = ["SCHEDULE_FAILED", "SCHEDULE_RECOVERED", "SCHEDULE_FAILED"];
  assert.deepEqual(typesOf(...states), expected);
  const [failed] = scheduleEvents("a/tick", { state: fresh }, {
    state: after(1, "failed", "E1: No"),
  });
  assert.equal(failed?.detail, "a/tick has failed: E1: No");
  assert.deepEqual(scheduleEvents("a/tick", undefined, { state: after(1, "failed") }), []);
});

Deno.test("scheduleEvents() tells of pauses and of missed due times", () => {
  const paused = { isPaused: true, state: fresh };
  const active = { isPaused: false, state: fresh };
  assert.equal(scheduleEvents("a/tick", active, paused)[0]?.type, "SCHEDULE_PAUSED");
  assert.equal(scheduleEvents("a/tick", paused, active)[0]?.type, "SCHEDULE_RESUMED");
  const state = { ...fresh, totals: { ...totals, missed: 3 } };
  assert.deepEqual(scheduleEvents("a/tick", active, { isPaused: false, state }), [
    { type: "SCHEDULE_MISSED", detail: "a/tick has missed 3 due times" },
  ]);
});
