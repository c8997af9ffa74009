/**
 * Runs seeds of the DHT one after the other, and says what there is to know about one that fails.
 *
 * @module
 */
import type { SeedsResult } from "../seeds.ts";
import { dropParts } from "../shrink.ts";
import { type DhtFault, planDhtFaults } from "./faults.ts";
import { deriveDhtOptions, type DhtSimulationOptions } from "./options.ts";
import { DhtSimulation, type DhtSimulationResult } from "./simulation.ts";

/** Which seeds to run: numbers from `from` on until a limit is reached. */
export interface DhtSeedsOptions {
  readonly from: number;
  readonly step: number;
  readonly seedsMax: number;
  readonly untilMs: number;
  /** The time, in ms. */
  readonly now: () => number;
}

/** So many seeds are run once for each that is run twice, to see whether it is the same run. */
const seedsPerRepetition = 50;
/** Runs that are tried to make a case smaller. */
const triesMax = 100;

/** Runs one seed. */
export function runDhtSeed(seed: string): DhtSimulationResult {
  const options = deriveDhtOptions(seed);
  return new DhtSimulation(options, planDhtFaults(options)).run();
}

function runTwice(seed: string): DhtSimulationResult {
  const [first, second] = [runDhtSeed(seed), runDhtSeed(seed)];
  if (first.trace === second.trace) return first;
  const detail = `Trace ${first.trace} became ${second.trace}`;
  return { ...first, violation: { checker: "repetition", detail, atMs: 0 } };
}

/** Runs seeds until one fails. */
export function runDhtSeeds(options: DhtSeedsOptions): SeedsResult {
  const { from, step, seedsMax, untilMs, now } = options;
  const sum = { seeds: 0, events: 0, operations: 0, slots: 0 };
  while (sum.seeds < seedsMax && (sum.seeds === 0 || now() < untilMs)) {
    const seed = String(from + sum.seeds * step);
    const isRepeated = sum.seeds % seedsPerRepetition === 0;
    const result = isRepeated ? runTwice(seed) : runDhtSeed(seed);
    sum.seeds++;
    sum.events += result.steps;
    sum.operations += result.operations;
    sum.slots += result.views;
    const { violation } = result;
    if (violation === undefined) continue;
    const { checker, detail } = violation;
    return { ...sum, failing: { seed, nodes: undefined, checker, detail } };
  }
  return { ...sum, failing: undefined };
}

/** Everything about a failing seed, with the command that repeats it and fewer faults. */
export function describeDhtFailure(seed: string, commit: string): string {
  const options = deriveDhtOptions(seed);
  const faults = planDhtFaults(options);
  const { violation } = new DhtSimulation(options, faults).run();
  if (violation === undefined) return `Seed ${seed} keeps every promise`;
  const { checker, detail, atMs } = violation;
  const fewer = withFewerFaults(options, faults, checker);
  return [
    `Seed ${seed} at commit ${commit} breaks "${checker}" after ${atMs.toFixed(3)} ms: ${detail}`,
    `Options: ${JSON.stringify(options)}`,
    `Faults: ${fewer.length} of ${faults.length} are enough`,
    ...fewer.map((fault) => `  ${JSON.stringify(fault)}`),
    `  ${new DhtSimulation(options, fewer).run().violation?.detail ?? "not repeated"}`,
    `Again: deno task sim dht --seed ${seed}`,
  ].join("\n");
}

function withFewerFaults(
  options: DhtSimulationOptions,
  faults: readonly DhtFault[],
  checker: string,
): readonly DhtFault[] {
  let tries = 0;
  return dropParts(faults, (some) =>
    tries++ < triesMax &&
    new DhtSimulation(options, some).run().violation?.checker === checker);
}
