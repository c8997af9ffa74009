import assert from "node:assert/strict";
import { LogLimit } from "./log_limit.ts";

Deno.test("LogLimit.admit() lets so many lines pass in a second, and counts the rest", () => {
  const limit = new LogLimit(2);
  const passed = [0, 100, 200, 300, 1_000].map((at) => limit.admit(at));
  assert.deepEqual(passed.map(({ passes }) => passes), [true, true, false, false, true]);
  assert.deepEqual(passed.map(({ leftOut }) => leftOut), [0, 0, 0, 0, 2]);
  assert.deepEqual(limit.admit(5_000), { passes: true, leftOut: 0 });
});
