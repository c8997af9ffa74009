import assert from "node:assert/strict";
import { verdicts } from "../../protocol/rollout.ts";
import { judgeHealth } from "./health.ts";
import { called } from "./rollout_fixture_test.ts";

const limits = { maxErrorRate: 0.01, maxLatencyMs: 500, minRequests: 100 };

Deno.test("judgeHealth() comes to each verdict", () => {
  const relative = { ...limits, maxErrorRate: 1, maxRelativePercent: 50 };
  const seen = [
    judgeHealth(called(100, 1), limits),
    judgeHealth(called(99, 99), limits),
    judgeHealth(called(100, 2), limits),
    judgeHealth(called(100, 0, 501), limits),
    judgeHealth(called(100, 1), relative),
    judgeHealth(called(100, 0, 16), relative),
    judgeHealth(called(100, 0, 15), relative),
  ].map(({ verdict }) => verdict);
  assert.deepEqual(seen, [
    "HEALTHY",
    "INSUFFICIENT_DATA",
    "ABSOLUTE_BREACH",
    "ABSOLUTE_BREACH",
    "RELATIVE_BREACH",
    "RELATIVE_BREACH",
    "HEALTHY",
  ]);
  assert.deepEqual(new Set(seen), new Set(verdicts));
});

Deno.test("judgeHealth() names figures and limit", () => {
  const { reason } = judgeHealth(called(200, 10), limits);
  assert.equal(reason, "5 % of 200 calls failed, the limit is 1 %");
});
