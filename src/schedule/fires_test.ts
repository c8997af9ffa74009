import assert from "node:assert/strict";
import fc from "fast-check";
import { type FireState } from "../protocol/schedule/record.ts";
import { scheduleSchema } from "../protocol/schedule/schedule.ts";
import { graceMs } from "../protocol/schedule/timing.ts";
import { begun, ended, fireId, firstState, look, mayBegin, restarted, takenOver } from "./fires.ts";

fc.configureGlobal({ seed: 34 });

const often = scheduleSchema.parse({ every: "10s" });
const hourly = scheduleSchema.parse({ cron: "0 * * * *" });
const runner = { node: "n1", term: 3 };
const done = (id: string) =>
  ({ id, result: "succeeded", attempt: 1, endedAtMs: 0, reason: undefined }) as const;

/** Fires everything that is due at a time; answers the due times. */
function fireAll(
  schedule: typeof often,
  state: FireState,
  nowMs: number,
): { dues: number[]; state: FireState } {
  const dues: number[] = [];
  for (;;) {
    const { fire } = look(schedule, state, nowMs);
    if (fire === undefined) return { dues, state };
    dues.push(fire.dueMs);
    state = begun(state, { ...fire, isManual: false }, runner, nowMs);
    state = ended(state, state.number, done(""));
  }
}

Deno.test("look() fires an interval one interval after its start, then at a fixed rate", () => {
  let state = firstState(often, 1_000);
  assert.deepEqual(look(often, state, 1_000), { wakeAtMs: 11_000 });
  assert.deepEqual(look(often, state, 10_999), { wakeAtMs: 11_000 });
  const { fire } = look(often, state, 11_400);
  assert.deepEqual(fire, { dueMs: 11_000, missed: 0, nextDueMs: 21_000 });
  state = begun(state, { ...fire!, isManual: false }, runner, 11_400);
  assert.equal(mayBegin(often, state), false);
  assert.equal(mayBegin({ ...often, overlap: true }, state), true);
  state = ended(state, 1, done("a"));
  assert.equal(mayBegin(often, state), true);
  assert.deepEqual(look(often, state, 11_500), { wakeAtMs: 21_000 });
  assert.deepEqual(state.totals, { fired: 1, succeeded: 1, failed: 0, missed: 0 });
});

Deno.test("look() fires late what is within the grace, each due time once", () => {
  const state = firstState(often, 0);
  const nowMs = 10_000 + graceMs;
  assert.deepEqual(fireAll(often, state, nowMs).dues, [
    10_000,
    20_000,
    30_000,
    40_000,
    50_000,
    60_000,
    70_000,
  ]);
  // A moment later the first one is missed.
  const late = fireAll(often, state, nowMs + 1);
  assert.deepEqual([late.dues.length, late.dues[0], late.state.totals.missed], [6, 20_000, 1]);
});

Deno.test("look() makes up for what was missed with one fire, if the schedule says so", () => {
  const day = 86_400_000;
  const started = firstState(hourly, 0);
  const skip = fireAll(hourly, started, day + 1_800_000);
  assert.deepEqual(skip.dues, []);
  assert.deepEqual(look(hourly, started, day + 1_800_000), { wakeAtMs: day + 3_600_000 });
  const next = fireAll(hourly, started, day + 3_600_000);
  assert.deepEqual([next.dues, next.state.totals.missed], [[day + 3_600_000], 24]);
  const once = fireAll({ ...hourly, catchUp: "once" }, started, day + 1_800_000);
  assert.deepEqual([once.dues, once.state.totals.missed], [[3_600_000], 24]);
  assert.deepEqual(look(hourly, once.state, day + 1_800_000), { wakeAtMs: day + 3_600_000 });
});

Deno.test("look() survives clocks that jump", () => {
  const { state } = fireAll(hourly, firstState(hourly, 0), 3_600_000);
  // Back: what was fired is not fired again.
  assert.deepEqual(look(hourly, state, 600_000), { wakeAtMs: 7_200_000 });
  // An interval does not stand still until the clock is where it was.
  const interval = fireAll(often, firstState(often, 100_000), 110_000);
  assert.deepEqual(look(often, interval.state, 50_000), { wakeAtMs: 60_000 });
  assert.deepEqual(look(often, interval.state, 105_000), { wakeAtMs: 120_000 });
});

Deno.test("a fire that is taken over keeps its number and counts once", () => {
  const { fire } = look(often, firstState(often, 0), 10_000);
  let state = begun(firstState(often, 0), { ...fire!, isManual: false }, runner, 10_000);
  state = takenOver(state, 1, { node: "n2", term: 9 });
  assert.deepEqual(state.open, [{
    number: 1,
    dueMs: 10_000,
    isManual: false,
    attempt: 2,
    node: "n2",
    term: 9,
    startedAtMs: 10_000,
  }]);
  state = ended(state, 1, { ...done("a"), result: "failed", reason: "x".repeat(3_000) });
  assert.equal(state.last?.reason?.length, 2_000);
  assert.deepEqual(state.totals, { fired: 1, succeeded: 0, failed: 1, missed: 0 });
  assert.equal(ended(state, 1, done("a")), state);
  assert.equal(restarted(state, often, 50_000).nextDueMs, 60_000);
});

Deno.test("fireId() differs between fires, and between lives of a schedule", () => {
  assert.equal(fireId("cleanup", 1_700_000_000_000, 7), "cleanup/loyw3v28-7");
  assert.notEqual(fireId("cleanup", 1_700_000_000_001, 7), fireId("cleanup", 1_700_000_000_000, 7));
});

Deno.test("look() fires every due time exactly once, however often it is asked", () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 1, max: graceMs / 2 }), { maxLength: 200 }),
    fc.constantFrom(often, scheduleSchema.parse({ cron: "*/2 * * * *" })),
    (steps, schedule) => {
      let nowMs = 1_234;
      let state = firstState(schedule, nowMs);
      const dues: number[] = [];
      for (const step of steps) {
        nowMs += step;
        const fired = fireAll(schedule, state, nowMs);
        dues.push(...fired.dues);
        state = fired.state;
      }
      const periodMs = schedule.every === undefined ? 120_000 : 10_000;
      const firstMs = schedule.every === undefined ? 120_000 : 11_234;
      const expected: number[] = [];
      for (let due = firstMs; due <= nowMs; due += periodMs) expected.push(due);
      assert.deepEqual(dues, expected);
      assert.equal(state.totals.missed, 0);
    },
  ));
});
