/**
 * Makes a failing run smaller: fewer faults, then fewer nodes, then less time, as long as the same
 * promise is broken.
 *
 * @module
 */
import type { Fault } from "./faults.ts";
import type { SimulationOptions } from "./options.ts";
import { Simulation } from "./simulation.ts";

/** A run. */
export interface Case {
  readonly options: SimulationOptions;
  readonly faults: readonly Fault[];
}

/** Runs that are tried. */
const triesMax = 150;

/** Looks for a smaller run that breaks the same promise. */
export function shrink(failing: Case, checker: string): Case {
  let tries = 0;
  const fails = ({ options, faults }: Case) =>
    tries++ < triesMax && new Simulation(options, faults).run().violation?.checker === checker;
  const withFewerFaults = (from: Case) => ({
    options: from.options,
    faults: dropParts(from.faults, (faults) => fails({ options: from.options, faults })),
  });
  let smallest = withFewerFaults(failing);
  for (const nodes of [1, 2, 3, 4, 5]) {
    if (nodes >= smallest.options.nodes) break;
    const smaller = { options: { ...smallest.options, nodes }, faults: smallest.faults };
    if (!fails(smaller)) continue;
    smallest = withFewerFaults(smaller);
    break;
  }
  for (let part = 2; part <= 16; part *= 2) {
    const safetyMs = smallest.options.safetyMs * (1 - 1 / part);
    const shorter = { options: { ...smallest.options, safetyMs }, faults: smallest.faults };
    if (fails(shorter)) smallest = shorter;
  }
  return smallest;
}

/** Drops parts of a list, halves first and single items last, while the rest still fails. */
export function dropParts<Item>(
  items: readonly Item[],
  fails: (items: readonly Item[]) => boolean,
): readonly Item[] {
  let kept = items;
  for (let size = Math.ceil(kept.length / 2); size >= 1;) {
    let dropped = false;
    for (let start = 0; start < kept.length;) {
      const fewer = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (fails(fewer)) {
        kept = fewer;
        dropped = true;
      } else start += size;
    }
    if (size === 1 && !dropped) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return kept;
}
