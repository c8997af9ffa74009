/**
 * `deno task sim [--seed S] [--from N] [--minutes M]`: simulates clusters, one seed after the
 * other.
 *
 * A seed derives everything of a run. The first violation is printed with all options and the
 * command that repeats it, and ends the program with exit code 1.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { planFaults } from "./faults.ts";
import { deriveOptions } from "./options.ts";
import { Simulation, type SimulationResult } from "./simulation.ts";

function runSeed(seed: string): SimulationResult {
  const options = deriveOptions(seed);
  const result = new Simulation(options, planFaults(options)).run();
  const { violation } = result;
  if (violation === undefined) return result;
  console.error(`Seed ${seed} violates ${violation.checker} at ${violation.atMs} ms of its time`);
  console.error(violation.detail);
  console.error(JSON.stringify(options, null, 2));
  console.error(`Again: deno task sim --seed ${seed}`);
  Deno.exit(1);
}

const { values } = parseArgs({
  args: Deno.args,
  options: {
    seed: { type: "string" },
    from: { type: "string", default: "1" },
    minutes: { type: "string", default: "1" },
  },
});
const startMs = performance.now();
const endMs = startMs + Number(values.minutes) * 60_000;
let seeds = 0;
let events = 0;
for (let next = Number(values.from); seeds === 0 || performance.now() < endMs; next++) {
  events += runSeed(values.seed ?? String(next)).steps;
  seeds++;
  if (values.seed !== undefined) break;
}
const seconds = (performance.now() - startMs) / 1000;
const perSecond = Math.round(events / seconds);
console.log(`${seeds} seeds, ${events} events, ${perSecond} events/s, no violation`);
