import assert from "node:assert/strict";
import { instanceStates } from "../protocol/instance_state.ts";
import { defaultRetryLimits, isTransition, judge, retryAtMs } from "./states.ts";

Deno.test("isTransition() allows exactly the life of an instance", () => {
  const legal = instanceStates.flatMap((from) =>
    instanceStates.filter((to) => isTransition(from, to)).map((to) => `${from}>${to}`)
  );
  assert.deepEqual(legal, [
    "DOWNLOADING>LOADING",
    "DOWNLOADING>UNLOADING",
    "DOWNLOADING>FAILED",
    "LOADING>STARTING",
    "LOADING>UNLOADING",
    "LOADING>FAILED",
    "STARTING>ACTIVE",
    "STARTING>UNLOADING",
    "STARTING>FAILED",
    "ACTIVE>UNLOADING",
    "ACTIVE>FAILED",
    "UNLOADING>UNLOADED",
    "FAILED>UNLOADING",
    "FAILED>UNLOADED",
  ]);
});

Deno.test("judge() ignores late writes and refuses jumps", () => {
  const stored = { state: "LOADING", attempt: 2 } as const;
  assert.equal(judge(undefined, { state: "DOWNLOADING", attempt: 1 }), "apply");
  assert.equal(judge(undefined, { state: "ACTIVE", attempt: 1 }), "illegal");
  assert.equal(judge(stored, { state: "STARTING", attempt: 2 }), "apply");
  assert.equal(judge(stored, { state: "LOADING", attempt: 2 }), "same");
  assert.equal(judge(stored, { state: "ACTIVE", attempt: 2 }), "illegal");
  assert.equal(judge(stored, { state: "STARTING", attempt: 1 }), "late");
  assert.equal(judge(stored, { state: "DOWNLOADING", attempt: 3 }), "apply");
  assert.equal(judge(stored, { state: "ACTIVE", attempt: 3 }), "illegal");
});

Deno.test("retryAtMs() doubles the wait up to the limit and gives up in the end", () => {
  const limits = { attemptsMax: 8, backoffMaxMs: 30_000 };
  const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) =>
    retryAtMs({ attempt, failedAtMs: 500 }, limits)
  );
  assert.deepEqual(waits, [1500, 2500, 4500, 8500, 16_500, 30_500, 30_500, undefined]);
  assert.equal(retryAtMs({ attempt: 5, failedAtMs: 0 }, defaultRetryLimits), undefined);
});

Deno.test("retryAtMs() never tries a fatal failure again", () => {
  assert.equal(retryAtMs({ attempt: 1, fatal: true }, defaultRetryLimits), undefined);
});

Deno.test("retryAtMs() counts failures since the instance was last ACTIVE", () => {
  assert.equal(retryAtMs({ attempt: 40, failures: 1, failedAtMs: 0 }, defaultRetryLimits), 1000);
});
