/**
 * `deno task sim [--seed S | --from N | --fresh] [--seeds N] [--minutes M] [--nodes N] [--jobs N]`:
 * simulates clusters, one seed after the other, in one process or several. `--planted` looks for
 * the planted bugs instead and writes their table, `--measure` prints what decisions cost without
 * faults.
 *
 * `deno task sim dht ...` does the same with the DHT; see `dht/main.ts`.
 *
 * A seed derives everything of a run. The first one that breaks a promise is printed with all its
 * options, the command that repeats it and a smaller case, and ends the program with exit code 1.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { capture } from "../../scripts/lib/process.ts";
import { runJobs } from "./jobs.ts";
import { measure } from "./measure.ts";
import { simulateDht } from "./dht/main.ts";
import { plantedBugs } from "./planted/bugs.ts";
import { findPlantedBugs, type Hunt } from "./planted/planted.ts";
import { describeFailure, runSeeds, type SeedsResult } from "./seeds.ts";

/** The arguments that say which seeds to run. */
interface SeedArguments {
  readonly seed?: string;
  readonly from: string;
  readonly step: string;
  readonly seeds?: string;
  readonly minutes?: string;
  readonly nodes?: string;
  readonly fresh: boolean;
  readonly jobs: string;
}

/** Runs the seeds that the arguments ask for, in this process or in several. */
async function simulate(values: SeedArguments): Promise<SeedsResult> {
  const { seed, seeds, nodes } = values;
  const minutes = Number(values.minutes ?? (seeds === undefined ? 1 : Infinity));
  const jobs = Number(values.jobs);
  const from = values.fresh ? Math.floor(Math.random() * 2 ** 32) : Number(seed ?? values.from);
  if (seed === undefined && (values.fresh || jobs > 1)) {
    console.log(`Seeds from ${from} on: again with --from ${from} --jobs ${jobs}`);
  }
  if (seed === undefined && jobs > 1) {
    const args = [
      ...(seeds === undefined ? [] : ["--seeds", String(Math.ceil(Number(seeds) / jobs))]),
      ...(nodes === undefined ? [] : ["--nodes", nodes]),
    ];
    return await runJobs({ machine: [], from, jobs, minutes, args });
  }
  return runSeeds({
    from,
    step: Number(values.step),
    seedsMax: seed !== undefined ? 1 : Number(seeds ?? Infinity),
    untilMs: performance.now() + minutes * 60_000,
    nodes: nodes === undefined ? undefined : Number(nodes),
    now: () => performance.now(),
  });
}

const hunt: Hunt = {
  bugs: plantedBugs,
  machine: [],
  docsPath: "docs/simulation.md",
  corpusPath: "tests/simulation/corpus.json",
};

async function main(): Promise<number> {
  const [machine, ...others] = Deno.args;
  if (machine === "dht") return await simulateDht(others);
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      seed: { type: "string" },
      from: { type: "string", default: "1" },
      fresh: { type: "boolean", default: false },
      step: { type: "string", default: "1" },
      seeds: { type: "string" },
      minutes: { type: "string" },
      nodes: { type: "string" },
      jobs: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
      planted: { type: "boolean", default: false },
      only: { type: "string" },
      measure: { type: "boolean", default: false },
    },
  });
  if (values.planted) return await findPlantedBugs(hunt, values.only);
  if (values.measure) {
    for (const line of measure()) console.log(line);
    return 0;
  }
  const startMs = performance.now();
  const result = await simulate(values);
  const { seeds, events, operations, slots, failing } = result;
  if (values.json) {
    console.log(JSON.stringify(result));
    return failing === undefined ? 0 : 1;
  }
  const perSecond = Math.round(events / (performance.now() - startMs) * 1_000);
  console.log(
    `${seeds} seeds, ${events} events (${perSecond}/s), ${slots} slots, ${operations} operations`,
  );
  if (failing === undefined) return 0;
  const commit = await capture("git", ["rev-parse", "--short", "HEAD"]) ?? "unknown";
  console.error(describeFailure(failing, commit));
  return 1;
}

if (import.meta.main) Deno.exit(await main());
