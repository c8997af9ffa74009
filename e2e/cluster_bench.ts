/**
 * `deno task bench idle` and `deno task bench upload`: what a cluster of real processes costs while
 * nothing happens, and whether it stays calm under load. JSON lines; exit code 1 when not.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { largeSlices } from "../scripts/bench/large_slice.ts";
import { readCpu, readMemory } from "../scripts/bench/proc.ts";
import { parseCoordinates, repositoryPath } from "../src/protocol/coordinates.ts";
import { Load } from "./lib/load.ts";
import { startLocalCluster } from "./lib/local_cluster.ts";
import type { Node } from "./lib/node.ts";
import { inWorld, type World } from "./lib/world.ts";

/** Clock ticks of the kernel per second. */
const ticksPerSecond = 100;
const idleCpuMax = 0.015;
const settleMs = 5_000;

/** What the logs of a cluster say that should not happen to healthy nodes. */
function unrest(nodes: readonly Node[]): { suspicions: number; leaderChanges: number } {
  const lines = nodes.flatMap(({ process }) => process.stderr);
  const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
  return {
    suspicions: count(/believed differently.* to="(suspect|down)"/),
    leaderChanges: count(/The leader has changed/) - nodes.length,
  };
}

async function idle(world: World, count: number, seconds: number): Promise<boolean> {
  const durable = (name: string) => ["--data-dir", world.path(name)];
  const { nodes } = await startLocalCluster(world, count, durable);
  await sleep(settleMs);
  const before = nodes.map(({ process }) => readCpu(process.pid).process);
  await sleep(seconds * 1_000);
  const cpus = nodes.map(({ process }, index) => {
    const ticks = readCpu(process.pid).process - (before[index] ?? 0);
    return ticks / ticksPerSecond / seconds;
  });
  for (const [index, { process }] of nodes.entries()) {
    const cpuPercent = round((cpus[index] ?? NaN) * 100);
    console.log(
      JSON.stringify({ what: "idle", node: index + 1, cpuPercent, ...readMemory(process.pid) }),
    );
  }
  const maxPercent = round(Math.max(...cpus) * 100);
  console.log(
    JSON.stringify({ what: "idle", nodes: count, seconds, maxPercent, ...unrest(nodes) }),
  );
  return Math.max(...cpus) < idleCpuMax;
}

interface UploadOptions {
  readonly nodes: number;
  readonly clients: number;
  readonly megabytes: number;
}

async function upload(world: World, options: UploadOptions): Promise<boolean> {
  const durable = (name: string) => ["--data-dir", world.path(name)];
  const { nodes } = await startLocalCluster(world, options.nodes, durable);
  const leader = await leaderOf(nodes);
  const make = largeSlices();
  const files: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for (let patch = 0; bytes < options.megabytes * 1e6; patch++) {
    const file = make(artifactOf(patch));
    files.push(file);
    bytes += file.length;
  }
  await sleep(settleMs);
  const load = new Load(options.clients, (client, round) => {
    const node = nodes[client % nodes.length] as Node;
    const url = `${node.management}/api/kv/c${client}/${round % 100}`;
    if (round % 2 === 1) return new Request(url.replace(/\d+$/, String((round - 1) % 100)));
    return new Request(url, { method: "PUT", body: "x".repeat(64) });
  });
  const startMs = performance.now();
  let slowestMs = 0;
  for (const [patch, file] of files.entries()) {
    const sentMs = performance.now();
    const path = repositoryPath(parseCoordinates(artifactOf(patch)));
    const response = await fetch(`${leader.management}/repository/${path}`, {
      method: "PUT",
      body: file,
    });
    const text = await response.text();
    if (response.status !== 201) {
      throw new Error(`The upload was answered ${response.status}: ${text}`);
    }
    slowestMs = Math.max(slowestMs, performance.now() - sentMs);
  }
  const seconds = (performance.now() - startMs) / 1_000;
  await load.stop();
  const { suspicions, leaderChanges } = unrest(nodes);
  console.log(JSON.stringify({
    what: "upload",
    ...options,
    uploads: files.length,
    megabytes: Math.round(bytes / 1e6),
    seconds: round(seconds),
    slowestUploadMs: Math.round(slowestMs),
    requests: load.seen.length,
    requestsPerSecond: Math.round(load.seen.length / seconds),
    failed: load.failed.length,
    firstFailure: load.failed[0],
    suspicions,
    leaderChanges,
    rssMb: nodes.map(({ process }) => readMemory(process.pid).rssMb),
  }));
  return suspicions === 0 && leaderChanges === 0;
}

function artifactOf(patch: number): string {
  return `org.example:large:1.0.${patch}`;
}

async function leaderOf(nodes: readonly Node[]): Promise<Node> {
  const views = await Promise.all(nodes.map(({ client }) => client.call("status")));
  return nodes.find((_, index) => views[index]?.leader === views[index]?.node) ?? nodes[0] as Node;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

async function main(): Promise<number> {
  const { values, positionals: [what] } = parseArgs({
    allowPositionals: true,
    options: {
      nodes: { type: "string" },
      seconds: { type: "string", default: "30" },
      clients: { type: "string", default: "256" },
      megabytes: { type: "string", default: "1000" },
    },
  });
  return await inWorld(async (world) => {
    const isGood = what === "idle"
      ? await idle(world, Number(values.nodes ?? 5), Number(values.seconds))
      : await upload(world, {
        nodes: Number(values.nodes ?? 3),
        clients: Number(values.clients),
        megabytes: Number(values.megabytes),
      });
    return isGood;
  });
}

if (import.meta.main) Deno.exit(await main());
