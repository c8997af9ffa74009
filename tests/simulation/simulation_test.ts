import assert from "node:assert/strict";
import { consensus } from "./consensus.ts";

Deno.test("the engine keeps every invariant in simulated clusters under faults, seeds 1 to 60", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const { violation } = consensus.run(String(seed));
    const again = `Again: deno task sim --seed ${seed}`;
    assert.equal(violation, undefined, `${JSON.stringify(violation)}\n${again}`);
  }
});

Deno.test("a seed gives the same run every time", () => {
  assert.deepEqual(consensus.run("7"), consensus.run("7"));
});
