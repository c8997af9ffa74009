/**
 * `deno task bench failover` and `deno task bench deploy`: what clients notice of a cluster of real
 * processes, each in a network of its own, while it is disturbed or changed, and how long a cluster
 * takes from nothing to its first thousand requests. JSON lines; exit code 1 when more failed than
 * may.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { blueprint, healthy, makeCodes, publish, requests } from "./lib/bench/app.ts";
import { coldStart } from "./lib/bench/cold_start.ts";
import { cases, type CaseWorld, type FailoverCase } from "./lib/bench/failover_cases.ts";
import { OpenLoad } from "./lib/bench/open_load.ts";
import { TestCluster } from "./lib/cluster.ts";
import { isInLab, Lab, runInLab } from "./lib/netns.ts";
import { World } from "./lib/world.ts";

const beforeEventMs = 5_000;
const explainedMax = 20;

interface Settings {
  readonly runs: number;
  readonly seconds: number;
  readonly rate: number;
}

function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, durationMs)));
}

function loadAverage(): number {
  return Math.round((Deno.loadavg()[0] ?? 0) * 10) / 10;
}

/** All runs of one case, on a cluster of its own; answers whether no more failed than may. */
async function runCase(letter: string, lab: Lab, settings: Settings): Promise<boolean> {
  const it = cases[letter];
  if (it === undefined) throw new RangeError(`There is no case "${letter}": a, b, c, d or e`);
  await lab.heal();
  const world = await World.open();
  try {
    const cluster = await TestCluster.create(world, {
      hosts: lab.hosts.slice(0, 5),
      isDurable: true,
    });
    await cluster.start();
    await cluster.ready();
    await publish(world, cluster.node(1));
    await cluster.node(1).must(["blueprint", "apply", "-"], blueprint());
    await healthy(cluster.node(1));
    const codes = await makeCodes(cluster.node(1));
    let isGood = true;
    for (let run = 1; run <= settings.runs; run++) {
      const load = new OpenLoad(settings.rate, requests(cluster, it.other, codes));
      const cutMs = Math.min(20_000, Math.max(2_000, (settings.seconds - 15) * 500));
      const now = () => performance.now() - load.startMs;
      const within: CaseWorld = { world, lab, cluster, cutMs, now };
      isGood = await oneRun({ letter, it, run, load, within, settings }) && isGood;
      await it.restore?.(within);
    }
    return isGood;
  } catch (error) {
    console.error(error, world.log);
    return false;
  } finally {
    await world.close();
  }
}

interface Run {
  readonly letter: string;
  readonly it: FailoverCase;
  readonly run: number;
  readonly load: OpenLoad;
  readonly within: CaseWorld;
  readonly settings: Settings;
}

async function oneRun({ letter, it, run, load, within, settings }: Run): Promise<boolean> {
  await sleep(beforeEventMs);
  const eventMs = within.now();
  const measured = await it.happen(within);
  await sleep(settings.seconds * 1_000 - within.now());
  await load.stop();
  const failures = load.outcomes.filter(({ status }) => status < 200 || status > 299);
  const reasons = new Map<string, number>();
  const unexplained = failures.filter((failure) => {
    const reason = it.allow?.(failure, measured, within);
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    return reason === undefined;
  });
  const why = new Map<string, number>();
  for (const failure of unexplained) {
    const reason = it.explain?.(failure, measured, within) ?? "unknown";
    why.set(reason, (why.get(reason) ?? 0) + 1);
  }
  const times = load.outcomes.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number) => Math.round(times[Math.floor((times.length - 1) * share)] ?? 0);
  const rounded = Object.fromEntries(
    Object.entries(measured).map(([name, value]) =>
      [name, typeof value === "number" ? Math.round(value) : value] as const
    ),
  );
  const isMet = unexplained.length <= it.failedMax;
  console.log(JSON.stringify({
    what: "failover",
    case: letter,
    happens: it.what,
    run,
    seconds: Math.round(within.now() / 1_000),
    requests: load.outcomes.length,
    failed: unexplained.length,
    failedMax: it.failedMax,
    met: isMet,
    why: Object.fromEntries(why),
    allowed: Object.fromEntries(reasons),
    retried: load.outcomes.filter(({ isRetried }) => isRetried).length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: at(1),
    ...rounded,
    load: loadAverage(),
    failures: unexplained.slice(0, explainedMax).map(({ kind, node, atMs, tookMs, ...rest }) => ({
      kind,
      node: node.replace(/^http:\/\/198\.18\.6\.(\d+).*$/, "n$1"),
      afterEventMs: Math.round(atMs - eventMs),
      tookMs: Math.round(tookMs),
      status: rest.status,
      isRetried: rest.isRetried,
      text: rest.text.slice(0, 200),
    })),
  }));
  return isMet;
}

async function main([name, ...args]: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: "string", default: "5" },
      seconds: { type: "string", default: "60" },
      rate: { type: "string", default: "500" },
      cases: { type: "string", default: "a,b,c,d,e" },
      nodes: { type: "string", default: "5" },
      memory: { type: "boolean", default: false },
    },
  });
  const lab = await Lab.open();
  let isGood = true;
  if (name === "deploy") {
    for (let run = 1; run <= Number(values.runs); run++) {
      const hosts = lab.hosts.slice(0, Number(values.nodes));
      const figures = await coldStart(hosts, !values.memory);
      console.log(JSON.stringify({ what: "deploy", run, ...figures, load: loadAverage() }));
    }
    return 0;
  }
  const settings = {
    runs: Number(values.runs),
    seconds: Number(values.seconds),
    rate: Number(values.rate),
  };
  for (const letter of values.cases.split(",")) {
    isGood = await runCase(letter, lab, settings) && isGood;
  }
  return isGood ? 0 : 1;
}

if (import.meta.main) {
  Deno.exit(isInLab() ? await main(Deno.args) : await runInLab(import.meta.url, Deno.args));
}
