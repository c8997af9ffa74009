import assert from "node:assert/strict";
import { instanceStates } from "../protocol/instance_state.ts";
import {
  deadlineOf,
  defaultDeadlines,
  defaultRetryLimits,
  retryAtMs,
  stuckAtMs,
} from "./states.ts";

Deno.test("retryAtMs() doubles the wait up to the limit and gives up in the end", () => {
  const limits = { attemptsMax: 8, backoffMaxMs: 30_000 };
  const waits = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) =>
    retryAtMs({ attempt, sinceMs: 500 }, limits)
  );
  assert.deepEqual(waits, [1500, 2500, 4500, 8500, 16_500, 30_500, 30_500, undefined]);
  assert.equal(retryAtMs({ attempt: 5, sinceMs: 0 }, defaultRetryLimits), undefined);
});

Deno.test("retryAtMs() never tries a fatal failure again", () => {
  assert.equal(retryAtMs({ attempt: 1, fatal: true }, defaultRetryLimits), undefined);
});

Deno.test("retryAtMs() counts failures since the instance was last ACTIVE", () => {
  assert.equal(retryAtMs({ attempt: 40, failures: 1, sinceMs: 0 }, defaultRetryLimits), 1000);
});

Deno.test("deadlineOf() limits exactly the states that an instance leaves by itself", () => {
  const deadlines = { loadingMs: 1, startingMs: 2, unloadingMs: 3 };
  const limited = instanceStates.map((state) => [state, deadlineOf(state, deadlines)]);
  assert.deepEqual(Object.fromEntries(limited), {
    DOWNLOADING: 1,
    LOADING: 1,
    STARTING: 2,
    ACTIVE: undefined,
    UNLOADING: 3,
    UNLOADED: undefined,
    FAILED: undefined,
  });
});

Deno.test("stuckAtMs() gives a state three times its deadline", () => {
  assert.equal(stuckAtMs({ state: "STARTING", sinceMs: 7 }, defaultDeadlines), 180_007);
  assert.equal(stuckAtMs({ state: "ACTIVE", sinceMs: 7 }, defaultDeadlines), undefined);
});
