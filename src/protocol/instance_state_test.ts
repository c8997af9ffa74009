import assert from "node:assert/strict";
import { instanceStates, isTransition, judge } from "./instance_state.ts";

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
