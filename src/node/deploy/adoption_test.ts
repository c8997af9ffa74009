import assert from "node:assert/strict";
import { instanceStates, judge, type Observation } from "../../protocol/instance_state.ts";
import { adoptionOf } from "./adoption.ts";

Deno.test("adoptionOf() keeps what is assigned in the life in which it runs", () => {
  const active = { state: "ACTIVE", attempt: 2 } as const;
  assert.deepEqual(adoptionOf(2, active, true), { attempt: 2, reports: [] });
  assert.equal(adoptionOf(3, active, true), undefined);
  assert.equal(adoptionOf(undefined, active, true), undefined);
});

Deno.test("adoptionOf() reports what was not reported, and nothing that the store refuses", () => {
  const stored: (Observation | undefined)[] = [undefined];
  for (const state of instanceStates) stored.push({ state, attempt: 1 });
  const kept: string[] = [];
  for (const before of stored) {
    for (const isReady of [false, true]) {
      const adoption = adoptionOf(1, before, isReady);
      if (adoption === undefined) continue;
      let now = before;
      for (const state of adoption.reports) {
        const next: Observation = { state, attempt: adoption.attempt };
        assert.equal(judge(now, next), "apply", `${now?.state} -> ${state}`);
        now = next;
      }
      assert.equal(now?.state, isReady ? "ACTIVE" : "STARTING");
      kept.push(`${before?.state ?? "unknown"} ${isReady}`);
    }
  }
  assert.deepEqual(kept, [
    ...["unknown false", "unknown true", "DOWNLOADING false", "DOWNLOADING true"],
    ...["LOADING false", "LOADING true", "STARTING false", "STARTING true", "ACTIVE true"],
  ]);
});
