import { deriveOptions } from "./options.ts";
import { planFaults } from "./faults.ts";
import { Simulation } from "./simulation.ts";
const [from, to] = [Number(Deno.args[0]), Number(Deno.args[1])];
let steps = 0;
const t = performance.now();
const kinds = new Map<string, number>();
for (let seed = from; seed < to; seed++) {
  const o = deriveOptions(String(seed));
  Deno.writeTextFileSync("/tmp/seed.txt", `${seed}`);
  const t1 = performance.now();
  const r = new Simulation(o, planFaults(o)).run();
  const ms = performance.now() - t1;
  steps += r.steps;
  if (ms > 3000) console.log("slow", seed, ms, r.steps, JSON.stringify(o));
  if (r.violation) {
    kinds.set(r.violation.checker, (kinds.get(r.violation.checker) ?? 0) + 1);
    console.log(
      seed,
      r.violation.checker,
      r.violation.detail.slice(0, 500),
      r.violation.atMs,
      `n=${o.nodes} durable=${o.durable}`,
    );
  }
}
const s = (performance.now() - t) / 1000;
console.log(kinds, "steps", steps, "per s", Math.round(steps / s), "seconds", s);
