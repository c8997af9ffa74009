/**
 * `deno task bench calm`: how long writes to the store take while the application port of the same
 * nodes is idle, at 60 % of what the gateway can do, and at all of it; and whether a node seems
 * dead to another meanwhile. JSON lines, each with its limit and whether it is met; exit code 1
 * when one is not.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { load, writeScripts } from "../scripts/bench/wrk.ts";
import { startLocalCluster } from "./lib/local_cluster.ts";
import { blueprint, type Node } from "./lib/node.ts";
import { inWorld, type World } from "./lib/world.ts";

const connections = 32;
/** More of them, because their pauses are whole milliseconds. */
const pacedConnections = 128;
const attempts = 3;
const share = 0.6;
const ratioMax = 3;
const settleMs = 5_000;
/** Between two writes, so that the writer itself is no load. */
const writeEveryMs = 10;

/** Writes one after the other until told to stop; how long each took, in milliseconds. */
class Writer {
  readonly #url: string;
  readonly #running: Promise<void>;
  readonly tookMs: number[] = [];
  failed = 0;
  #isStopped = false;

  constructor(url: string) {
    this.#url = url;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let index = 0; !this.#isStopped; index++) {
      const startMs = performance.now();
      const put = { method: "PUT", body: "x".repeat(64) };
      const answer = await fetch(`${this.#url}/api/kv/calm/${index % 100}`, put).catch(() => {});
      await answer?.body?.cancel();
      if (answer?.ok === true) this.tookMs.push(performance.now() - startMs);
      else this.failed++;
      await sleep(writeEveryMs);
    }
  }
}

interface Measured {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly writes: number;
  readonly failedWrites: number;
  readonly failedRequests: number;
  readonly suspicions: number;
}

/** Measures writes while something else goes on. */
async function measure(
  nodes: readonly Node[],
  work: () => Promise<{ readonly requests: number; readonly errors: number }>,
): Promise<Measured> {
  const [first] = nodes;
  if (first === undefined) throw new RangeError("There is no node");
  const suspected = () =>
    nodes.flatMap(({ process }) => process.stderr)
      .filter((line) => /believed differently.* to="(suspect|down)"/.test(line)).length;
  const before = suspected();
  const writer = new Writer(first.management);
  const startMs = performance.now();
  const { requests, errors } = await work();
  const seconds = (performance.now() - startMs) / 1_000;
  await writer.stop();
  const sorted = writer.tookMs.sort((one, other) => one - other);
  const at = (part: number) =>
    Math.round((sorted[Math.floor(part * sorted.length)] ?? NaN) * 100) / 100;
  return {
    requestsPerSecond: Math.round(requests / seconds),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    writes: sorted.length,
    failedWrites: writer.failed,
    failedRequests: errors,
    suspicions: suspected() - before,
  };
}

/** The pause of each connection that leads to so many requests per second. */
async function pauseFor(
  wanted: number,
  attempt: (pauseMs: number) => Promise<{ readonly requests: number; readonly seconds: number }>,
): Promise<number> {
  const periodMs = (perSecond: number) => pacedConnections / perSecond * 1_000;
  let pauseMs = Math.max(1, Math.round(periodMs(wanted)));
  for (let index = 0; index < attempts; index++) {
    const { requests, seconds } = await attempt(pauseMs);
    const lateMs = periodMs(requests / seconds) - periodMs(wanted);
    pauseMs = Math.max(1, Math.round(pauseMs - lateMs));
  }
  return pauseMs;
}

async function calm(world: World, options: { nodes: number; seconds: number }): Promise<boolean> {
  const { seconds } = options;
  const folder = world.path("");
  await writeScripts(folder);
  const durable = (name: string) => ["--data-dir", world.path(name), "--log-level", "info"];
  const { nodes } = await startLocalCluster(world, options.nodes, durable);
  const [first] = nodes;
  if (first === undefined) throw new RangeError("There is no node");
  await first.publish("echo");
  await first.must(["blueprint", "apply", "-"], {
    stdin: `${blueprint("org.example:echo:1.0.0")}instances = ${options.nodes}\n`,
  });
  const request = { url: first.app, method: "GET", connections, folder } as const;
  await load({ ...request, seconds });
  await sleep(settleMs);
  const idle = await measure(nodes, async () => {
    await sleep(seconds * 1_000);
    return { requests: 0, errors: 0 };
  });
  const full = await measure(nodes, () => load({ ...request, seconds }));
  await sleep(settleMs);
  const paced = { ...request, connections: pacedConnections };
  const wanted = share * full.requestsPerSecond;
  const pauseMs = await pauseFor(wanted, (pauseMs) => load({ ...paced, seconds: 2, pauseMs }));
  const part = await measure(nodes, () => load({ ...paced, seconds, pauseMs }));
  const ratio = (of: Measured) => Math.round(of.p99Ms / idle.p99Ms * 100) / 100;
  const common = { what: "calm", nodes: options.nodes, seconds };
  const partOfMax = Math.round(part.requestsPerSecond / full.requestsPerSecond * 100) / 100;
  const limit = "suspicions = 0";
  const isCalm = ({ suspicions }: Measured) => suspicions === 0;
  const lines = [
    { load: "idle", limit, met: isCalm(idle), ...idle },
    {
      ...{ load: "part", limit: `p99OverIdle <= ${ratioMax}, ${limit}` },
      met: isCalm(part) && ratio(part) <= ratioMax,
      ...{ ...part, partOfMax, p99OverIdle: ratio(part) },
    },
    { load: "full", limit, met: isCalm(full), ...full, p99OverIdle: ratio(full) },
  ];
  for (const line of lines) console.log(JSON.stringify({ ...common, ...line }));
  return lines.every(({ met }) => met);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      nodes: { type: "string", default: "3" },
      seconds: { type: "string", default: "20" },
    },
  });
  return await inWorld(async (world) => {
    const options = { nodes: Number(values.nodes), seconds: Number(values.seconds) };
    return await calm(world, options);
  });
}

if (import.meta.main) Deno.exit(await main());
