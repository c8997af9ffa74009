/**
 * `deno task fuzz [OPTIONS]`: broken and random input to nodes, under a seed. See `usage`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { readMemory } from "../../scripts/bench/proc.ts";
import { freePorts } from "../../e2e/lib/local_cluster.ts";
import { Node } from "../../e2e/lib/node.ts";
import { inWorld, type World } from "../../e2e/lib/world.ts";
import { fuzzApi } from "./api.ts";
import { fuzzMemoryPeers } from "./memory_peers.ts";
import { fuzzTcpPeers } from "./tcp_peers.ts";

const usage = `Usage: deno task fuzz [OPTIONS]

  --seed SEED   Input of a former run
  --frames N    Frames to the peer port of a node in this process (1000000)
  --tcp N       Frames to the peer port of a node's process (100000)
  --bodies N    Requests to the management API of a node's process that it refuses (100000)
`;
/** Memory that a node's process may have after all that. */
const rssMbMax = 500;

/** Prints a JSON line with what was done and how long it took. */
async function step(what: string, run: () => Promise<object>): Promise<void> {
  const startMs = performance.now();
  const report = await run();
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  console.log(JSON.stringify({ what, seconds, ...report }));
}

/** The node serves reads and writes, and is not too large. */
async function checkHealth(node: Node): Promise<{ rssMb: number }> {
  const { ready } = await node.client.call("health");
  if (!ready) throw new Error("The node is not ready any more");
  const key = "fuzz/after";
  const bytes = new TextEncoder().encode(String(performance.now()));
  const body = { bytes, contentType: "text/plain" };
  await node.client.call("kvPut", { params: { key }, body });
  const read = await node.client.call("kvGet", { params: { key } });
  if (String(read.bytes) !== String(bytes)) throw new Error("A write has changed");
  const { rssMb } = readMemory(node.process.pid);
  if (rssMb > rssMbMax) throw new Error(`The node has grown to ${rssMb} MB`);
  return { rssMb };
}

async function fuzzProcess(world: World, seed: string, tcp: number, bodies: number): Promise<void> {
  const [port = 0] = freePorts(1);
  const node = await Node.start(world, ["--node-id", "n1", "--port", String(port)]);
  const before = await checkHealth(node);
  console.log(JSON.stringify({ what: "process before", ...before }));
  await step("frames over TCP", async () => {
    const target = { hostname: "127.0.0.1", port };
    const report = await fuzzTcpPeers(seed, tcp, target);
    return { ...report, ...await checkHealth(node) };
  });
  await step("requests", async () => {
    const report = await fuzzApi(seed, bodies, node.management);
    return { ...report, ...await checkHealth(node) };
  });
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: String(Date.now()) },
      frames: { type: "string", default: "1000000" },
      tcp: { type: "string", default: "100000" },
      bodies: { type: "string", default: "100000" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const { seed } = values;
  console.log(`Seed ${seed}: again with deno task fuzz --seed ${seed}`);
  return await inWorld(async (world) => {
    await step("frames in memory", () => fuzzMemoryPeers(seed, Number(values.frames)));
    await fuzzProcess(world, seed, Number(values.tcp), Number(values.bodies));
    return true;
  });
}

if (import.meta.main) Deno.exit(await main());
