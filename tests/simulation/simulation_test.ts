import assert from "node:assert/strict";
import { planFaults } from "./faults.ts";
import { deriveOptions } from "./options.ts";
import { Simulation } from "./simulation.ts";

Deno.test("the engine keeps every invariant in simulated clusters under faults, seeds 1 to 60", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const options = deriveOptions(String(seed));
    const { violation } = new Simulation(options, planFaults(options)).run();
    const again = `Again: deno task sim --seed ${seed}`;
    assert.equal(violation, undefined, `${JSON.stringify(violation)}\n${again}`);
  }
});

Deno.test("a seed gives the same run every time", () => {
  const run = () => {
    const options = deriveOptions("7");
    return new Simulation(options, planFaults(options)).run();
  };
  assert.deepEqual(run(), run());
});
