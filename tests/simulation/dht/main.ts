/**
 * `deno task sim dht [--seed S | --from N | --fresh] [--seeds N] [--minutes M] [--jobs N]`:
 * simulates the DHT, one seed after the other, in one process or several. `--planted` looks for the
 * planted bugs instead and writes their table, `--measure` prints what changes of members move.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { capture } from "../../../scripts/lib/process.ts";
import { runJobs } from "../jobs.ts";
import { findPlantedBugs, type Hunt } from "../planted/planted.ts";
import { plantedDhtBugs } from "./planted/bugs.ts";
import { measurePlacement } from "./measure.ts";
import { describeDhtFailure, runDhtSeeds } from "./seeds.ts";
import type { SeedsResult } from "../seeds.ts";

const machine = ["dht"];
const hunt: Hunt = {
  bugs: plantedDhtBugs,
  machine,
  docsPath: "docs/dht.md",
  corpusPath: "tests/simulation/dht/corpus.json",
};

/** The arguments that say which seeds to run. */
interface SeedArguments {
  readonly seed?: string;
  readonly from: string;
  readonly step: string;
  readonly seeds?: string;
  readonly minutes?: string;
  readonly fresh: boolean;
  readonly jobs: string;
}

async function simulate(values: SeedArguments): Promise<SeedsResult> {
  const { seed, seeds } = values;
  const minutes = Number(values.minutes ?? (seeds === undefined ? 1 : Infinity));
  const jobs = Number(values.jobs);
  const from = values.fresh ? Math.floor(Math.random() * 2 ** 32) : Number(seed ?? values.from);
  if (seed === undefined && (values.fresh || jobs > 1)) {
    console.log(`Seeds from ${from} on: again with dht --from ${from} --jobs ${jobs}`);
  }
  if (seed === undefined && jobs > 1) {
    const args = seeds === undefined ? [] : ["--seeds", String(Math.ceil(Number(seeds) / jobs))];
    return await runJobs({ machine, from, jobs, minutes, args });
  }
  return runDhtSeeds({
    from,
    step: Number(values.step),
    seedsMax: seed !== undefined ? 1 : Number(seeds ?? Infinity),
    untilMs: performance.now() + minutes * 60_000,
    now: () => performance.now(),
  });
}

/** Runs what the arguments ask for; answers an exit code. */
export async function simulateDht(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      from: { type: "string", default: "1" },
      fresh: { type: "boolean", default: false },
      step: { type: "string", default: "1" },
      seeds: { type: "string" },
      minutes: { type: "string" },
      jobs: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
      planted: { type: "boolean", default: false },
      only: { type: "string" },
      measure: { type: "boolean", default: false },
    },
  });
  if (values.measure) {
    for (const line of measurePlacement()) console.log(line);
    return 0;
  }
  if (values.planted) return await findPlantedBugs(hunt, values.only);
  const startMs = performance.now();
  const result = await simulate(values);
  const { seeds, events, operations, slots, failing } = result;
  if (values.json) {
    console.log(JSON.stringify(result));
    return failing === undefined ? 0 : 1;
  }
  const perSecond = Math.round(events / (performance.now() - startMs) * 1_000);
  console.log(
    `${seeds} seeds, ${events} events (${perSecond}/s), ${slots} views, ${operations} operations`,
  );
  if (failing === undefined) return 0;
  const commit = await capture("git", ["rev-parse", "--short", "HEAD"]) ?? "unknown";
  console.error(describeDhtFailure(failing.seed, commit));
  return 1;
}
