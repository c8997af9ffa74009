/**
 * `deno task sim [--seed S | --from N | --fresh] [--seeds N] [--minutes M] [--nodes N] [--jobs N]`:
 * simulates clusters of consensus, or with `dht` as the first word of the DHT, one seed after the
 * other, in one process or several. `--planted` looks for the planted bugs instead and writes their
 * table, `--measure` prints what decisions, or changes of members, cost without faults.
 *
 * A seed derives everything of a run. The first one that breaks a promise is printed with all its
 * options, the command that repeats it and a smaller case, and ends the program with exit code 1.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { capture } from "../../scripts/lib/process.ts";
import { consensus } from "./consensus.ts";
import { dht } from "./dht/machine.ts";
import { runJobs } from "./jobs.ts";
import { findPlantedBugs } from "./planted/planted.ts";
import { describeFailure, type Machine, runSeeds, type SeedsResult } from "./seeds.ts";

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
async function simulate(machine: Machine, values: SeedArguments): Promise<SeedsResult> {
  const { seed, seeds, nodes } = values;
  const minutes = Number(values.minutes ?? (seeds === undefined ? 1 : Infinity));
  const jobs = Number(values.jobs);
  const from = values.fresh ? Math.floor(Math.random() * 2 ** 32) : Number(seed ?? values.from);
  if (seed === undefined && (values.fresh || jobs > 1)) {
    const again = [...machine.words, "--from", from, "--jobs", jobs].join(" ");
    console.log(`Seeds from ${from} on: again with ${again}`);
  }
  if (seed === undefined && jobs > 1) {
    const args = [
      ...(seeds === undefined ? [] : ["--seeds", String(Math.ceil(Number(seeds) / jobs))]),
      ...(nodes === undefined ? [] : ["--nodes", nodes]),
    ];
    return await runJobs({ words: machine.words, from, jobs, minutes, args });
  }
  return runSeeds(machine, {
    from,
    step: Number(values.step),
    seedsMax: seed !== undefined ? 1 : Number(seeds ?? Infinity),
    untilMs: performance.now() + minutes * 60_000,
    nodes: nodes === undefined ? undefined : Number(nodes),
    now: () => performance.now(),
  });
}

async function main(): Promise<number> {
  const machine = Deno.args[0] === "dht" ? dht : consensus;
  const { values } = parseArgs({
    args: Deno.args.slice(machine.words.length),
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
  if (values.planted) return await findPlantedBugs(machine, values.only);
  if (values.measure) {
    for (const line of machine.measure()) console.log(line);
    return 0;
  }
  const startMs = performance.now();
  const result = await simulate(machine, values);
  const { seeds, events, operations, slots, failing } = result;
  if (values.json) {
    console.log(JSON.stringify(result));
    return failing === undefined ? 0 : 1;
  }
  const perSecond = Math.round(events / (performance.now() - startMs) * 1_000);
  console.log(
    `${seeds} seeds, ${events} events (${perSecond}/s), ${slots} slots or views, ` +
      `${operations} operations`,
  );
  if (failing === undefined) return 0;
  const commit = await capture("git", ["rev-parse", "--short", "HEAD"]) ?? "unknown";
  console.error(describeFailure(machine, failing, commit));
  return 1;
}

if (import.meta.main) Deno.exit(await main());
