import assert from "node:assert/strict";
import type { ShellMemory } from "../protocol/thread/instance.ts";
import { type WatchAnswer, Watchdog, watchLimits } from "./watchdog.ts";

const mib = 1024 * 1024;
const limits = watchLimits(100, 5_000, false);
const calm = { heapBytes: 10 * mib, externalBytes: 0 };

function answerOf(watchdog: Watchdog, memory: ShellMemory, ready = true): WatchAnswer {
  return { sequence: watchdog.nextSequence(), memory, ready };
}

Deno.test("watchLimits() leaves room below a limit that V8 enforces itself", () => {
  assert.equal(limits.soft.heapBytes, 100 * mib);
  assert.equal(limits.hard.heapBytes, 200 * mib);
  const enforced = watchLimits(100, 5_000, true);
  assert.equal(enforced.soft.heapBytes, 80 * mib);
  assert.equal(enforced.hard.externalBytes, 100 * mib);
});

Deno.test("Watchdog finds an instance hung that does not answer", () => {
  const watchdog = new Watchdog(limits, 0);
  for (let now = 1_000; now <= 5_000; now += 1_000) {
    assert.deepEqual(watchdog.check(now, 1_000), { action: "none" });
  }
  const verdict = watchdog.check(6_000, 1_000);
  assert.ok(verdict.action === "end" && verdict.reason === "hung");
  assert.match(verdict.cause, /not answered for 6000 ms/);
});

Deno.test("Watchdog takes its own pause for no silence", () => {
  const watchdog = new Watchdog(limits, 0);
  assert.deepEqual(watchdog.check(60_000, 1_000), { action: "none" });
  assert.deepEqual(watchdog.check(61_000, 1_000), { action: "none" });
});

Deno.test("Watchdog counts only answers to what it asked", () => {
  const watchdog = new Watchdog(limits, 0);
  for (let now = 1_000; now <= 5_000; now += 1_000) {
    watchdog.check(now, 1_000);
    watchdog.answered({ sequence: 99, memory: calm, ready: true }, now);
  }
  assert.equal(watchdog.check(6_000, 1_000).action, "end");
  const other = new Watchdog(limits, 0);
  for (let now = 1_000; now <= 9_000; now += 1_000) {
    assert.deepEqual(other.check(now, 1_000), { action: "none" });
    assert.deepEqual(other.answered(answerOf(other, calm), now), { action: "none" });
  }
  assert.deepEqual(other.memory, calm);
});

Deno.test("Watchdog retires what stays over the soft limit, and says so again", () => {
  const watchdog = new Watchdog(limits, 0);
  const high = { heapBytes: 120 * mib, externalBytes: 0 };
  const answer = (memory = high) => watchdog.answered(answerOf(watchdog, memory), 0).action;
  assert.deepEqual([1, 2, 3, 4].map(() => answer()), ["none", "none", "none", "none"]);
  assert.equal(answer(calm), "none");
  const actions = Array.from({ length: 10 }, () => answer());
  assert.deepEqual(actions.filter((each) => each === "retire").length, 2);
  assert.equal(actions[4], "retire");
});

Deno.test("Watchdog ends what is over the hard limit at once", () => {
  const cases = [
    [{ heapBytes: 201 * mib, externalBytes: 0 }, "heap", /201 MiB of heap, more than 200 MiB/],
    [{ heapBytes: 0, externalBytes: 300 * mib }, "memory", /300 MiB of array buffers/],
  ] as const;
  for (const [memory, reason, words] of cases) {
    const watchdog = new Watchdog(limits, 0);
    const verdict = watchdog.answered(answerOf(watchdog, memory), 0);
    assert.ok(verdict.action === "end" && verdict.reason === reason);
    assert.match(verdict.cause, words);
  }
});

Deno.test("Watchdog tells silence and what the slice says of itself apart", () => {
  const watchdog = new Watchdog(limits, 0);
  assert.equal(watchdog.health, "HEALTHY");
  watchdog.answered(answerOf(watchdog, calm, false), 100);
  assert.equal(watchdog.health, "NOT_READY");
  watchdog.check(1_000, 1_000);
  assert.equal(watchdog.health, "NOT_READY", "one question may be under way");
  watchdog.check(2_000, 1_000);
  assert.equal(watchdog.health, "SILENT");
  watchdog.answered(answerOf(watchdog, calm), 2_100);
  assert.equal(watchdog.health, "HEALTHY");
});
