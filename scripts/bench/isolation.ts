/**
 * `deno task bench isolation`: what isolation costs and what it is worth.
 *
 * Three parts: an innocent slice under load while a hostile one in the process tier is sprung;
 * memory and start-up of many idle instances; and, with `--cycles N`, N times a slice loaded and
 * unloaded in each tier, each time with a pool of connections that is opened and closed again.
 * `--only bare` does the same with workers of the runtime that do nothing.
 * The figures stand in docs/isolation.md.
 *
 * @module
 */
import { parseArgs } from "node:util";
import {
  type Bed,
  type BenchTier,
  type Holdings,
  holdings,
  prepareBed,
  processMemory,
  type Started,
  startInstance,
} from "./isolation_instances.ts";
import { benchCycles } from "./isolation_cycles.ts";
import { sprung, TrapNode } from "./isolation_node.ts";
import { withFolder } from "./child.ts";
import { environment } from "./tools.ts";

const tiers: readonly BenchTier[] = ["worker", "process"];
const perSecond = 200;
const settleMs = 1_500;

/** Runs the benchmark; resolves to the exit code, 1 when a request failed. */
export async function benchIsolation(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      duration: { type: "string", default: "30" },
      counts: { type: "string", default: "1,10,50,200" },
      cycles: { type: "string", default: "0" },
      binary: { type: "string" },
      only: { type: "string" },
      tier: { type: "string" },
    },
  });
  print({ kind: "environment", bench: "isolation", ...await environment() });
  const wants = (part: string) => values.only === undefined || values.only === part;
  let failed = 0;
  if (wants("traps")) failed = await benchTraps(Number(values.duration), values.binary);
  if (wants("idle")) {
    const bed = await prepareBed();
    const counts = values.counts.split(",").map(Number);
    for (const tier of tiers) for (const count of counts) await benchIdle(bed, tier, count);
  }
  const cycles = Number(values.cycles);
  if (cycles > 0 && values.only === "bare") await benchBare(cycles);
  if (cycles > 0 && wants("cycles")) {
    for (const tier of tiers.filter((each) => (values.tier ?? each) === each)) {
      const onCount = (cycle: number, held: Holdings) =>
        print({ kind: "cycles", tier, cycle, ...held });
      await withFolder((folder) =>
        benchCycles({ tier, cycles, binary: values.binary, folder, onCount })
      );
    }
  }
  return failed === 0 ? 0 : 1;
}

async function benchTraps(seconds: number, binary: string | undefined): Promise<number> {
  return await withFolder(async (folder) => {
    const node = new TrapNode(folder, binary);
    await using server = await node.start();
    void server;
    await node.stream(perSecond, 3);
    const quiet = await node.stream(perSecond, seconds);
    const timers = sprung.map((trap, index) =>
      setTimeout(() => node.spring(trap), (index + 1) * seconds / 6 * 1000)
    );
    const trapped = await node.stream(perSecond, seconds);
    for (const timer of timers) clearTimeout(timer);
    const p99Ratio = trapped.p99Ms / quiet.p99Ms;
    const exits = await node.exits();
    print({ kind: "traps", perSecond, seconds, sprung, quiet, trapped, p99Ratio, exits });
    return quiet.failed + trapped.failed;
  });
}

async function benchIdle(bed: Bed, tier: BenchTier, count: number): Promise<void> {
  // The first instance pays for what all share.
  await stop([await begun(bed, tier)]);
  await settle();
  const before = holdings("self");
  const startMs = performance.now();
  const started = Array.from({ length: count }, () => startInstance(bed, tier));
  const firstReadyMs = await timed(startMs, Promise.race(started.map(({ ready }) => ready)));
  const allReadyMs = await timed(startMs, Promise.all(started.map(({ ready }) => ready)));
  await settle();
  const after = holdings("self");
  const memories = started.flatMap(({ pid }) => pid === undefined ? [] : [processMemory(pid)]);
  const sum = (of: "pssMb" | "privateMb") => memories.reduce((all, each) => all + each[of], 0);
  print({
    kind: "idle",
    tier,
    count,
    firstReadyMs: Math.round(firstReadyMs),
    startMsEach: round(allReadyMs / count),
    ownMbEach: round((after.rssMb - before.rssMb) / count),
    ...(tier === "process"
      ? { pssMbEach: round(sum("pssMb") / count), privateMbEach: round(sum("privateMb") / count) }
      : {}),
    threadsEach: round((after.threads - before.threads) / count),
    filesEach: round((after.files - before.files) / count),
  });
  await stop(started);
  await settle();
}

/** Starts and ends workers that do nothing: what the runtime itself leaves behind. */
async function benchBare(cycles: number): Promise<void> {
  for (let cycle = 0; cycle <= cycles; cycle++) {
    if (cycle % Math.max(1, Math.floor(cycles / 20)) === 0) {
      print({ kind: "bare", cycle, ...holdings("self") });
    }
    const url = "data:text/javascript,postMessage(1)";
    const worker = new Worker(url, { type: "module", deno: { permissions: "none" } });
    await new Promise((resolve) => worker.onmessage = resolve);
    worker.terminate();
  }
}

async function begun(bed: Bed, tier: BenchTier): Promise<Started> {
  const started = startInstance(bed, tier);
  await started.ready;
  return started;
}

async function stop(started: readonly Started[]): Promise<void> {
  for (const { instance } of started) instance.stop();
  for (const { ended } of started) {
    const reason = await ended;
    if (reason !== "stopped") throw new Error(`An instance ended: ${reason}`);
  }
}

async function timed(startMs: number, work: Promise<unknown>): Promise<number> {
  await work;
  return performance.now() - startMs;
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, settleMs));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function print(line: object): void {
  console.log(JSON.stringify(line));
}
