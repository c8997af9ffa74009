/**
 * `deno task sim [--seed S | --from N] [--seeds N] [--minutes M] [--nodes N]`: simulates clusters,
 * one seed after the other. `--planted` looks for the planted bugs instead and writes their table,
 * `--measure` prints what decisions cost without faults.
 *
 * A seed derives everything of a run. The first one that breaks a promise is printed with all its
 * options, the command that repeats it and a smaller case, and ends the program with exit code 1.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { capture } from "../../scripts/lib/process.ts";
import { measure } from "./measure.ts";
import { findPlantedBugs } from "./planted/planted.ts";
import { describeFailure, runSeeds } from "./seeds.ts";

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      seed: { type: "string" },
      from: { type: "string", default: "1" },
      seeds: { type: "string" },
      minutes: { type: "string" },
      nodes: { type: "string" },
      json: { type: "boolean", default: false },
      planted: { type: "boolean", default: false },
      only: { type: "string" },
      measure: { type: "boolean", default: false },
    },
  });
  if (values.planted) return await findPlantedBugs(values.only);
  if (values.measure) {
    for (const line of measure()) console.log(line);
    return 0;
  }
  const isOne = values.seed !== undefined;
  const startMs = performance.now();
  const minutes = Number(values.minutes ?? (values.seeds === undefined ? 1 : Infinity));
  const result = runSeeds({
    from: Number(values.seed ?? values.from),
    seedsMax: isOne ? 1 : Number(values.seeds ?? Infinity),
    untilMs: startMs + minutes * 60_000,
    nodes: values.nodes === undefined ? undefined : Number(values.nodes),
    now: () => performance.now(),
  });
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
