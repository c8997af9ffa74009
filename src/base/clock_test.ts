import assert from "node:assert/strict";
import { InvariantError } from "./assert.ts";
import { ManualClock, pause, repeat } from "./clock.ts";

Deno.test("ManualClock.advance() runs timers in order of their time, then of their age", () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  for (
    const [name, delayMs] of [["late", 20], ["first", 10], ["second", 10], ["now", 0]] as const
  ) {
    clock.setTimer(delayMs, () => seen.push(`${name}@${clock.monotonicMs()}`));
  }
  clock.advance(15);
  assert.deepEqual(seen, ["now@0", "first@10", "second@10"]);
  assert.equal(clock.pendingTimers, 1);
  assert.equal(clock.nextTimerMs, 20);
  clock.advance(5);
  assert.equal(seen.at(-1), "late@20");
});

Deno.test("ManualClock.advance() runs timers that callbacks set, when they are due by then", () => {
  const clock = new ManualClock();
  const seen: number[] = [];
  const tick = () => {
    seen.push(clock.monotonicMs());
    clock.setTimer(10, tick);
  };
  clock.setTimer(10, tick);
  clock.advance(35);
  assert.deepEqual(seen, [10, 20, 30]);
});

Deno.test("ManualClock timers can be cancelled, also twice, late, and by another timer", () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  const victim = clock.setTimer(10, () => seen.push("victim"));
  clock.setTimer(5, () => victim.cancel());
  const kept = clock.setTimer(10, () => seen.push("kept"));
  clock.advance(10);
  kept.cancel();
  victim.cancel();
  assert.deepEqual(seen, ["kept"]);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("ManualClock.jumpWall() moves the wall clock and leaves durations alone", () => {
  const clock = new ManualClock(1_000_000);
  clock.advance(500);
  clock.jumpWall(-900);
  assert.equal(clock.wallMs(), 999_600);
  assert.equal(clock.monotonicMs(), 500);
});

Deno.test("ManualClock refuses delays that are not 0 or more, and endless timers", () => {
  const clock = new ManualClock();
  for (const delayMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => clock.setTimer(delayMs, () => {}), InvariantError);
  }
  const again = () => void clock.setTimer(0, again);
  again();
  assert.throws(() => clock.advance(1), /More than 1000000 timers ran/);
});

Deno.test("pause() ends with its time or with the signal, and leaves no timer", async () => {
  const clock = new ManualClock();
  const stopping = new AbortController();
  const waited = pause(clock, 10, stopping.signal);
  clock.advance(10);
  await waited;
  const stopped = pause(clock, 10, stopping.signal);
  stopping.abort();
  await stopped;
  await pause(clock, 10, stopping.signal);
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("repeat() runs again when the last run has ended, until it is cancelled", async () => {
  const clock = new ManualClock();
  const ends: (() => void)[] = [];
  const timer = repeat(clock, 10, () => new Promise((resolve) => ends.push(resolve)));
  clock.advance(100);
  assert.equal(ends.length, 1);
  ends[0]?.();
  await Promise.resolve();
  clock.advance(10);
  assert.equal(ends.length, 2);
  timer.cancel();
  ends[1]?.();
  await Promise.resolve();
  assert.equal(clock.pendingTimers, 0);
});
