/**
 * `deno task bench chain`: the chain of three slices of `lib/chain.ts` under load while a node in
 * its middle is killed or paused for five seconds, several times. JSON lines, each with its limit
 * and whether it is met; exit code 1 when one is not.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { faultAfterMs, loadChain, reportOf, startChain, victimOf } from "./lib/chain.ts";
import { isInLab, Lab, runInLab } from "./lib/netns.ts";
import { World } from "./lib/world.ts";

const pauseMs = 5_000;
const failedMax = 3;
const pauseFailuresMaxMs = 2_000;

const limits = {
  kill: `failed <= ${failedMax}, unexplained = 0, brokenChains = 0`,
  pause: `lastFailureMs <= ${pauseFailuresMaxMs}, brokenChains = 0`,
};

interface RunOptions {
  readonly fault: string;
  readonly requestsPerSecond: number;
  readonly durationMs: number;
}

/** One run on a new cluster; answers whether it went well. */
async function run(lab: Lab, options: RunOptions): Promise<boolean> {
  const { fault, ...load } = options;
  await lab.heal();
  const world = await World.open();
  try {
    const cluster = await startChain(world, lab);
    const entry = cluster.node(5);
    const victim = await victimOf(cluster, entry);
    const onFault = () => {
      if (fault === "kill") {
        victim.process.kill("SIGKILL");
        return;
      }
      victim.pause();
      setTimeout(() => victim.resume(), pauseMs);
    };
    const sent = await loadChain(entry, { ...load, onFault });
    const report = reportOf(fault, sent, { cluster, entry });
    const isInTime = fault === "kill"
      ? report.failed <= failedMax && report.unexplained === 0
      : report.lastFailureMs <= pauseFailuresMaxMs;
    const met = isInTime && report.brokenChains === 0;
    const limit = limits[fault === "kill" ? "kill" : "pause"];
    console.log(JSON.stringify({ what: "chain", victim: victim.id, limit, met, ...report }));
    return met;
  } catch (error) {
    console.error(error, world.log);
    return false;
  } finally {
    await world.close();
  }
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "5" },
      seconds: { type: "string", default: "60" },
      rate: { type: "string", default: "500" },
      fault: { type: "string", default: "kill,pause" },
    },
  });
  const durationMs = Number(values.seconds) * 1_000;
  const requestsPerSecond = Number(values.rate);
  if (!(durationMs > faultAfterMs) || !(requestsPerSecond > 0)) {
    console.error("Give more than 5 seconds, and a rate above 0");
    return 2;
  }
  const lab = await Lab.open();
  let bad = 0;
  for (let index = 0; index < Number(values.runs); index++) {
    for (const fault of values.fault.split(",")) {
      if (!await run(lab, { fault, requestsPerSecond, durationMs })) bad++;
    }
  }
  console.log(JSON.stringify({ what: "chain", runs: Number(values.runs), bad, met: bad === 0 }));
  return bad === 0 ? 0 : 1;
}

if (import.meta.main) {
  Deno.exit(isInLab() ? await main(Deno.args) : await runInLab(import.meta.url, Deno.args));
}
