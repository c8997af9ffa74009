import assert from "node:assert/strict";
import { changeProblem, scheduleChangesSchema, scheduleSchema, withChange } from "./schedule.ts";

const nightly = scheduleSchema.parse({ cron: "0 3 * * *", timeZone: "Asia/Tokyo" });
const often = scheduleSchema.parse({ every: "5m", catchUp: "once" });

Deno.test("scheduleSchema fills in defaults and refuses what is no schedule", () => {
  assert.deepEqual({ ...often }, {
    every: "5m",
    catchUp: "once",
    mode: "single",
    overlap: false,
    timeoutMs: 30_000,
  });
  assert.ok(!scheduleSchema.safeParse({ every: "5m", mode: "some" }).success);
  assert.ok(!scheduleSchema.safeParse({ every: "5m", retries: 3 }).success);
});

Deno.test("withChange() keeps what the blueprint leaves out", () => {
  assert.deepEqual(withChange(often, undefined), { schedule: often, isEnabled: true });
  assert.deepEqual(withChange(often, { enabled: false }), { schedule: often, isEnabled: false });
  assert.deepEqual(withChange(often, { every: "1m" }).schedule, { ...often, every: "1m" });
  assert.deepEqual(withChange(nightly, { timeZone: "UTC" }).schedule, {
    ...nightly,
    timeZone: "UTC",
  });
  // Another kind of timing takes nothing of the former one.
  assert.deepEqual(withChange(nightly, { every: "1h" }).schedule, {
    every: "1h",
    catchUp: "skip",
    mode: "single",
    overlap: false,
    timeoutMs: 30_000,
  });
  const { every: _every, ...manner } = often;
  const cron = withChange(often, { cron: "0 0 * * *", overlap: true }).schedule;
  assert.deepEqual(cron, { ...manner, cron: "0 0 * * *", overlap: true });
});

Deno.test("a blueprint's change is checked alone, and with what it changes", () => {
  assert.ok(!scheduleChangesSchema.safeParse({ a: { every: "1ms" } }).success);
  assert.ok(!scheduleChangesSchema.safeParse({ a: { every: "1m", cron: "* * * * *" } }).success);
  assert.equal(changeProblem(nightly, { timeZone: "Europe/Berlin" }), undefined);
  assert.match(changeProblem(often, { timeZone: "Europe/Berlin" }) ?? "", /no time zone/);
  assert.match(changeProblem(nightly, { timeZone: "Mars" }) ?? "", /"Mars" is no time zone/);
});
