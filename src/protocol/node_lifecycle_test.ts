import assert from "node:assert/strict";
import {
  isLifecycleTransition,
  judgeLifecycle,
  nodeLifecycles,
  stateAfterRestart,
} from "./node_lifecycle.ts";

Deno.test("isLifecycleTransition() allows exactly the life of a node", () => {
  const legal = nodeLifecycles.flatMap((from) =>
    nodeLifecycles.filter((to) => isLifecycleTransition(from, to)).map((to) => `${from}>${to}`)
  );
  assert.deepEqual(legal, [
    "JOINING>ON_DUTY",
    "JOINING>SHUTTING_DOWN",
    "ON_DUTY>DRAINING",
    "ON_DUTY>SHUTTING_DOWN",
    "DRAINING>ON_DUTY",
    "DRAINING>DECOMMISSIONED",
    "DRAINING>SHUTTING_DOWN",
    "DECOMMISSIONED>ON_DUTY",
    "DECOMMISSIONED>SHUTTING_DOWN",
  ]);
});

Deno.test("judgeLifecycle() lets a drain outlive a restart, and begins anew after all else", () => {
  for (const before of nodeLifecycles) {
    const stored = { state: before, incarnation: 1 };
    const first = stateAfterRestart(before);
    const isDrained = before === "DRAINING" || before === "DECOMMISSIONED";
    assert.equal(first, isDrained ? before : "JOINING");
    for (const state of nodeLifecycles) {
      const isLegal: boolean = state === first || (!isDrained && state === "ON_DUTY");
      assert.equal(
        judgeLifecycle(stored, { state, incarnation: 2 }),
        isLegal ? "apply" : "illegal",
        `${before} then ${state}`,
      );
    }
  }
  assert.equal(judgeLifecycle(undefined, { state: "JOINING", incarnation: 1 }), "apply");
  assert.equal(judgeLifecycle(undefined, { state: "DRAINING", incarnation: 1 }), "illegal");
});

Deno.test("judgeLifecycle() ignores a former life and keeps to the table within one", () => {
  const stored = { state: "ON_DUTY", incarnation: 5 } as const;
  assert.equal(judgeLifecycle(stored, { state: "DRAINING", incarnation: 4 }), "late");
  for (const state of nodeLifecycles) {
    const isLegal = state === "ON_DUTY" || isLifecycleTransition("ON_DUTY", state);
    assert.equal(judgeLifecycle(stored, { state, incarnation: 5 }), isLegal ? "apply" : "illegal");
  }
});
