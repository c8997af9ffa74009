/**
 * Runs seeds of a machine one after the other, and says what there is to know about one that fails.
 *
 * @module
 */
import type { ViolationReport } from "./checkers/checkers.ts";
import type { PlantedBug } from "./planted/bugs.ts";

/** How the run of a seed ended. */
export interface SeedRun {
  /** Undefined: all promises were kept. */
  readonly violation: ViolationReport | undefined;
  readonly trace: number;
  readonly steps: number;
  readonly operations: number;
  readonly slots: number;
}

/** Something that is simulated under seeds. */
export interface Machine {
  /** Arguments of `deno task sim` that name it. */
  readonly words: readonly string[];
  readonly bugs: readonly PlantedBug[];
  /** Document with the table of planted bugs, and file with their seeds. */
  readonly docsPath: string;
  readonly corpusPath: string;
  /** Runs one seed; `nodes` fixes their number, which is drawn otherwise. */
  run(seed: string, nodes?: number): SeedRun;
  /** Lines about a failing seed: its options and a smaller case. */
  smaller(seed: string, nodes: number | undefined, checker: string): string[];
  /** Lines about what it costs without faults. */
  measure(): Iterable<string>;
}

/**
 * Which seeds to run: numbers from `from` on until one of the limits is reached, or a single one.
 */
export interface SeedsOptions {
  readonly from: number;
  /** From one seed to the next; more than 1 when others run those in between. */
  readonly step: number;
  readonly seedsMax: number;
  readonly untilMs: number;
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

/** Runs a seed twice: what depends on anything but the seed cannot be replayed. */
function runTwice(machine: Machine, seed: string, nodes: number | undefined): SeedRun {
  const [first, second] = [machine.run(seed, nodes), machine.run(seed, nodes)];
  if (first.trace === second.trace) return first;
  const detail = `Trace ${first.trace} became ${second.trace}`;
  return { ...first, violation: { checker: "repetition", detail, atMs: 0 } };
}

/** Runs seeds until one fails. */
export function runSeeds(machine: Machine, options: SeedsOptions): SeedsResult {
  const { from, step, seedsMax, untilMs, nodes, now } = options;
  const sum = { seeds: 0, events: 0, operations: 0, slots: 0 };
  while (sum.seeds < seedsMax && (sum.seeds === 0 || now() < untilMs)) {
    const seed = String(from + sum.seeds * step);
    const isRepeated = sum.seeds % seedsPerRepetition === 0;
    const result = isRepeated ? runTwice(machine, seed, nodes) : machine.run(seed, nodes);
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
export function describeFailure(
  machine: Machine,
  { seed, nodes }: FailingSeed,
  commit: string,
): string {
  const { violation } = machine.run(seed, nodes);
  if (violation === undefined) return `Seed ${seed} keeps every promise`;
  const { checker, detail, atMs } = violation;
  const words = ["deno task sim", ...machine.words, "--seed", seed];
  if (nodes !== undefined) words.push("--nodes", String(nodes));
  return [
    `Seed ${seed} at commit ${commit} breaks "${checker}" after ${atMs.toFixed(3)} ms: ${detail}`,
    ...machine.smaller(seed, nodes, checker),
    `Again: ${words.join(" ")}`,
  ].join("\n");
}
