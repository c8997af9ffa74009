/**
 * Runs seeds one after the other, and says what there is to know about one that fails.
 *
 * @module
 */
import { type Fault, planFaults } from "./faults.ts";
import { deriveOptions, type SimulationOptions } from "./options.ts";
import { shrink } from "./shrink.ts";
import { Simulation, type SimulationResult } from "./simulation.ts";

/**
 * Which seeds to run: numbers from `from` on until one of the limits is reached, or a single one.
 */
export interface SeedsOptions {
  readonly from: number;
  /** From one seed to the next; more than 1 when others run those in between. */
  readonly step: number;
  readonly seedsMax: number;
  readonly untilMs: number;
  /** Fixes the number of nodes, which is drawn otherwise. */
  readonly nodes: number | undefined;
  /** The time, in ms. */
  readonly now: () => number;
}

/** A seed that breaks a promise. */
export interface FailingSeed {
  readonly seed: string;
  readonly nodes: number | undefined;
  readonly checker: string;
  readonly detail: string;
}

/** What running some seeds came to. */
export interface SeedsResult {
  readonly seeds: number;
  readonly events: number;
  readonly operations: number;
  readonly slots: number;
  readonly failing: FailingSeed | undefined;
}

/** So many seeds are run once for each that is run twice, to see whether it is the same run. */
const seedsPerRepetition = 50;

/** Runs one seed. */
export function runSeed(seed: string, nodes?: number): SimulationResult {
  const options = deriveOptions(seed, nodes);
  return new Simulation(options, planFaults(options)).run();
}

/** Runs a seed twice: what depends on anything but the seed cannot be replayed. */
function runTwice(seed: string, nodes: number | undefined): SimulationResult {
  const [first, second] = [runSeed(seed, nodes), runSeed(seed, nodes)];
  if (first.trace === second.trace) return first;
  const detail = `Trace ${first.trace} became ${second.trace}`;
  return { ...first, violation: { checker: "repetition", detail, atMs: 0 } };
}

/** Runs seeds until one fails. */
export function runSeeds(options: SeedsOptions): SeedsResult {
  const { from, step, seedsMax, untilMs, nodes, now } = options;
  const sum = { seeds: 0, events: 0, operations: 0, slots: 0 };
  while (sum.seeds < seedsMax && (sum.seeds === 0 || now() < untilMs)) {
    const seed = String(from + sum.seeds * step);
    const isRepeated = sum.seeds % seedsPerRepetition === 0;
    const result = isRepeated ? runTwice(seed, nodes) : runSeed(seed, nodes);
    sum.seeds++;
    sum.events += result.steps;
    sum.operations += result.operations;
    sum.slots += result.slots;
    const { violation } = result;
    if (violation === undefined) continue;
    const { checker, detail } = violation;
    return { ...sum, failing: { seed, nodes, checker, detail } };
  }
  return { ...sum, failing: undefined };
}

/** Everything about a failing seed, with the command that repeats it and a smaller case. */
export function describeFailure({ seed, nodes }: FailingSeed, commit: string): string {
  const options = deriveOptions(seed, nodes);
  const faults = planFaults(options);
  const { violation } = new Simulation(options, faults).run();
  if (violation === undefined) return `Seed ${seed} keeps every promise`;
  const { checker, detail, atMs } = violation;
  const smallest = shrink({ options, faults }, checker);
  const last = new Simulation(smallest.options, smallest.faults).run().violation;
  return [
    `Seed ${seed} at commit ${commit} breaks "${checker}" after ${atMs.toFixed(3)} ms: ${detail}`,
    describe("Options", options, faults),
    describe("Smallest", smallest.options, smallest.faults),
    `  ${last?.detail ?? "not repeated"}`,
    `Again: deno task sim --seed ${seed}${nodes === undefined ? "" : ` --nodes ${nodes}`}`,
  ].join("\n");
}

function describe(
  title: string,
  options: SimulationOptions,
  faults: readonly Fault[],
): string {
  const lines = faults.map((fault) => `  ${JSON.stringify(fault)}`);
  return [`${title}: ${JSON.stringify(options)}`, ...lines].join("\n");
}
