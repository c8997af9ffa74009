/**
 * The DHT as a {@link Machine} that is simulated.
 *
 * @module
 */
import type { Machine } from "../seeds.ts";
import { dropParts } from "../shrink.ts";
import { planDhtFaults } from "./faults.ts";
import { measurePlacement } from "./measure.ts";
import { deriveDhtOptions } from "./options.ts";
import { plantedDhtBugs } from "./planted/bugs.ts";
import { DhtSimulation } from "./simulation.ts";

/** Runs that are tried to make a case smaller. */
const triesMax = 100;

/** Runs one seed of the DHT. */
export const dht: Machine = {
  words: ["dht"],
  bugs: plantedDhtBugs,
  docsPath: "docs/dht.md",
  corpusPath: "tests/simulation/dht/corpus.json",
  run(seed, nodes) {
    const options = deriveDhtOptions(seed, nodes);
    return new DhtSimulation(options, planDhtFaults(options)).run();
  },
  smaller(seed, nodes, checker) {
    const options = deriveDhtOptions(seed, nodes);
    const faults = planDhtFaults(options);
    let tries = 0;
    const fewer = dropParts(faults, (some) =>
      tries++ < triesMax &&
      new DhtSimulation(options, some).run().violation?.checker === checker);
    return [
      `Options: ${JSON.stringify(options)}`,
      `Faults: ${fewer.length} of ${faults.length} are enough`,
      ...fewer.map((fault) => `  ${JSON.stringify(fault)}`),
      `  ${new DhtSimulation(options, fewer).run().violation?.detail ?? "not repeated"}`,
    ];
  },
  measure: measurePlacement,
};
