import assert from "node:assert/strict";
import { rolloutStrategies, type RolloutStrategy } from "../../protocol/rollout.ts";
import { defaultStages, type StepOptions, stepsOf } from "./steps.ts";

function steps(strategy: RolloutStrategy, more: Partial<StepOptions> = {}) {
  const common = { instances: 3, minRequests: 10, observeMs: 1_000, isManual: false, percent: 20 };
  return stepsOf({ strategy, ...common, ...more });
}

function texts(strategy: RolloutStrategy, more: Partial<StepOptions> = {}): string[] {
  return steps(strategy, more).map(({ newInstances, oldInstances, weights }) =>
    `${newInstances}/${oldInstances} ${weights.new}:${weights.old}`
  );
}

Deno.test("stepsOf() gives every strategy its steps", () => {
  const stages = [{ percent: 10, observeMs: 5 }, { percent: 50, observeMs: 5 }];
  const expected: Record<RolloutStrategy, string[]> = {
    immediate: ["3/3 1:0"],
    rolling: ["1/2 1:2", "2/1 2:1", "3/1 3:0"],
    canary: ["1/3 10:90", "2/3 50:50", "3/3 100:0"],
    "blue-green": ["3/3 0:1", "3/3 1:0"],
    ab: ["3/3 20:80"],
  };
  for (const strategy of rolloutStrategies) {
    assert.deepEqual(texts(strategy, { stages }), expected[strategy], strategy);
  }
});

Deno.test("stepsOf() never leaves fewer instances than before, and ends with all of the new", () => {
  for (const strategy of rolloutStrategies) {
    for (let instances = 1; instances <= 7; instances++) {
      const all = steps(strategy, { instances });
      for (const step of all) assert.ok(step.newInstances + step.oldInstances >= instances);
      assert.equal(all.at(-1)?.newInstances, instances);
    }
  }
});

Deno.test("stepsOf() waits for people where it is told to, and where it must", () => {
  for (const strategy of ["rolling", "canary"] as const) {
    assert.ok(steps(strategy, { isManual: true }).every(({ auto }) => !auto));
    assert.ok(steps(strategy).every(({ auto }) => auto));
  }
  assert.deepEqual(steps("blue-green").map(({ auto }) => auto), [false, true]);
  assert.deepEqual(steps("ab").map(({ auto }) => auto), [false]);
  assert.equal(steps("canary").length, defaultStages.length);
});
