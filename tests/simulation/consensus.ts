/**
 * The engine of consensus as a {@link Machine} that is simulated.
 *
 * @module
 */
import { type Fault, planFaults } from "./faults.ts";
import { measure } from "./measure.ts";
import { deriveOptions, type SimulationOptions } from "./options.ts";
import { plantedBugs } from "./planted/bugs.ts";
import type { Machine } from "./seeds.ts";
import { shrink } from "./shrink.ts";
import { Simulation } from "./simulation.ts";

/** Runs one seed of consensus. */
export const consensus: Machine = {
  words: [],
  bugs: plantedBugs,
  docsPath: "docs/simulation.md",
  corpusPath: "tests/simulation/corpus.json",
  run(seed, nodes) {
    const options = deriveOptions(seed, nodes);
    return new Simulation(options, planFaults(options)).run();
  },
  smaller(seed, nodes, checker) {
    const options = deriveOptions(seed, nodes);
    const faults = planFaults(options);
    const smallest = shrink({ options, faults }, checker);
    const last = new Simulation(smallest.options, smallest.faults).run().violation;
    return [
      ...describe("Options", options, faults),
      ...describe("Smallest", smallest.options, smallest.faults),
      `  ${last?.detail ?? "not repeated"}`,
    ];
  },
  measure,
};

function describe(title: string, options: SimulationOptions, faults: readonly Fault[]): string[] {
  const lines = faults.map((fault) => `  ${JSON.stringify(fault)}`);
  return [`${title}: ${JSON.stringify(options)}`, ...lines];
}
