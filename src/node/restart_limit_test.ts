import assert from "node:assert/strict";
import { RestartLimit } from "./restart_limit.ts";

Deno.test("RestartLimit allows as many restarts as it is told", () => {
  const limit = new RestartLimit(2);
  assert.deepEqual([0, 1, 2].map((at) => limit.allows(at)), [true, true, false]);
});

Deno.test("RestartLimit allows three restarts within a minute", () => {
  const limit = new RestartLimit();
  assert.deepEqual([0, 1, 2, 3].map((at) => limit.allows(at)), [true, true, true, false]);
  assert.equal(limit.allows(59_999), false);
  // All but the last two are more than a minute ago.
  assert.equal(limit.allows(60_003), true);
});
