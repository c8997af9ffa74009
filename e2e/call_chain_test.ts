/**
 * A chain of three slices on nodes of their own, under load, while a node in the middle of it dies
 * or stops answering: requests go on, and every hop knows whose request it is.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ClusterNode, TestCluster } from "./lib/cluster.ts";
import { type Lab, labTest, labTests } from "./lib/netns.ts";
import { until, type World } from "./lib/world.ts";

/** Set AETHER_CHAIN_SECONDS=60 for the long form. */
const seconds = Number(Deno.env.get("AETHER_CHAIN_SECONDS") ?? "15");
const requestsPerSecond = Number(Deno.env.get("AETHER_CHAIN_RATE") ?? "200");
const beforeMs = 5_000;
const traceId = "0af7651916cd43dd8448eb211c80319c";
const client = Deno.createHttpClient({ poolMaxIdlePerHost: 64 });

interface Hop {
  readonly slice: string;
  readonly requestId: string;
  readonly trace: string;
  readonly instance: string;
}

interface Sent {
  readonly atMs: number;
  readonly tookMs: number;
  readonly status: number;
  readonly text: string;
}

async function writeChainSlice(world: World, name: string, next?: string): Promise<string> {
  const contractOf = (of: string, http: string) =>
    `contract("org.example:${of}", { get: method({ input: z.object({ id: z.string() }),
      output: z.array(z.any()), idempotent: true${http} }) })`;
  const needs = next === undefined ? "" : `needs: { next: ${contractOf(next, "")} },`;
  const rest = next === undefined ? "[]" : "await handles.next.get({ id })";
  await world.write(
    `${name}/slice.toml`,
    `artifact = "org.example:${name}:1.0.0"\n` +
      (next === undefined ? "" : `[dependencies]\n"org.example:${next}" = "^1.0.0"\n`),
  );
  await world.write(
    `${name}/mod.ts`,
    `import { contract, method, slice, z } from "aether";
const own = ${contractOf(name, `, http: "GET /${name}/:id"`)};
export default slice(own, {
  ${needs}
  create: (handles, instance) => ({
    get: async ({ id }, call) => [
      { slice: "${name}", requestId: call.requestId, trace: call.traceparent ?? "",
        instance: instance.instance },
      ...${rest},
    ],
  }),
});
`,
  );
  return world.path(name);
}

async function startChain(world: World, lab: Lab): Promise<TestCluster> {
  const hosts = lab.hosts.slice(0, 5);
  const cluster = await TestCluster.create(world, { hosts, isDurable: false });
  await cluster.start();
  const under = hosts[0]?.under ?? [];
  const connect = ["--connect", `${hosts[0]?.management}:8080`];
  for (const [name, next] of [["last", undefined], ["middle", "last"], ["first", "middle"]]) {
    const folder = await writeChainSlice(world, String(name), next);
    await world.must(["slice", "publish", folder, "--skip-check", ...connect], { under });
  }
  const slices = ["last", "middle", "first"].map((name) =>
    `[[slices]]\nartifact = "org.example:${name}:1.0.0"\ninstances = 3\n`
  );
  const text = `id = "org.example:chain:1.0.0"\n${slices.join("")}`;
  await world.must(["blueprint", "apply", "-", ...connect], { stdin: text, under });
  return cluster;
}

/** Sends requests at a steady rate to a node that has no instance of its own, if there is one. */
async function load(node: ClusterNode, durationMs: number, onFault: () => void): Promise<Sent[]> {
  const url = `http://${node.host.management}:8070/first/x`;
  const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
  const startMs = performance.now();
  const pending: Promise<Sent>[] = [];
  let isFaulty = false;
  for (let index = 0;; index++) {
    const dueMs = index / requestsPerSecond * 1_000;
    if (dueMs >= durationMs) break;
    const waitMs = startMs + dueMs - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (!isFaulty && dueMs >= beforeMs) {
      isFaulty = true;
      onFault();
    }
    pending.push(send(url, { traceparent, "x-request-id": `r-${index}` }, startMs));
  }
  return await Promise.all(pending);
}

async function send(url: string, headers: Record<string, string>, startMs: number): Promise<Sent> {
  const atMs = performance.now() - startMs;
  try {
    const response = await fetch(url, { client, headers, signal: AbortSignal.timeout(20_000) });
    const text = await response.text();
    if (response.status === 200) checkHops(text, headers["x-request-id"] ?? "");
    return { atMs, tookMs: performance.now() - startMs - atMs, status: response.status, text };
  } catch (error) {
    const tookMs = performance.now() - startMs - atMs;
    return { atMs, tookMs, status: 0, text: String(error) };
  }
}

/** Every hop must know the request and its trace. */
function checkHops(text: string, requestId: string): void {
  const hops = JSON.parse(text) as Hop[];
  assert.deepEqual(hops.map(({ slice }) => slice), ["first", "middle", "last"]);
  for (const hop of hops) {
    assert.equal(hop.requestId, requestId);
    assert.ok(hop.trace.startsWith(`00-${traceId}-`), hop.trace);
  }
}

/** A node in the middle of the chain that is not the one which is asked. */
async function victimOf(cluster: TestCluster, entry: ClusterNode): Promise<ClusterNode> {
  return await until("a node runs the middle slice", async () => {
    type Status = { instances: { node: string; artifact: string; state: string }[] };
    const status = await entry.json<Status>("/api/slices/status");
    const found = status?.instances.find(({ node, artifact, state }) =>
      artifact.includes(":middle:") && state === "ACTIVE" && node !== entry.id
    );
    return cluster.nodes.find(({ id }) => id === found?.node);
  });
}

function report(fault: string, sent: readonly Sent[]): Sent[] {
  const failed = sent.filter(({ status }) => status !== 200);
  const slowest = Math.max(...sent.map(({ tookMs }) => tookMs));
  const reasons = failed.slice(0, 5).map(({ atMs, status, text }) =>
    `${Math.round(atMs)} ms: ${status} ${text.slice(0, 200)}`
  );
  console.log(JSON.stringify({
    fault,
    requests: sent.length,
    failed: failed.length,
    slowestMs: Math.round(slowest),
    lastFailureMs: Math.round(Math.max(0, ...failed.map(({ atMs }) => atMs - beforeMs))),
    reasons,
  }));
  return failed;
}

labTests(import.meta.url, 300_000, () => {
  labTest(
    "A chain of three slices survives kill -9 of a node in its middle",
    async (world, lab) => {
      const cluster = await startChain(world, lab);
      const entry = cluster.node(5);
      const victim = await victimOf(cluster, entry);
      const sent = await load(entry, seconds * 1_000, () => {
        victim.process.kill("SIGKILL");
      });
      const failed = report("kill -9", sent);
      assert.ok(failed.length <= 3, `${failed.length} of ${sent.length} requests failed`);
    },
  );

  labTest(
    "A chain of three slices survives a pause of a node in its middle",
    async (world, lab) => {
      const cluster = await startChain(world, lab);
      const entry = cluster.node(5);
      const victim = await victimOf(cluster, entry);
      const sent = await load(entry, seconds * 1_000, () => {
        victim.pause();
        setTimeout(() => victim.resume(), 5_000);
      });
      const failed = report("pause", sent);
      const late = failed.filter(({ atMs }) => atMs > beforeMs + 2_000);
      assert.deepEqual(late, [], "Requests fail for 2 s at most");
    },
  );
});
