/**
 * A chain of three slices on nodes of their own, and a steady load that knows every hop.
 *
 * @module
 */
import { until } from "../../scripts/lib/until.ts";
import { type ClusterNode, TestCluster } from "./cluster.ts";
import type { Lab } from "./netns.ts";
import type { World } from "./world.ts";

/** When the fault comes, in milliseconds of the load. */
export const faultAfterMs = 5_000;
const traceId = "0af7651916cd43dd8448eb211c80319c";
/** A request that took longer is shown with what the logs say of it. */
const slowMs = 1_000;
const client = Deno.createHttpClient({ poolMaxIdlePerHost: 64 });

interface Hop {
  readonly slice: string;
  readonly requestId: string;
  readonly trace: string;
  readonly instance: string;
}

/** What became of one request. */
export interface Sent {
  readonly requestId: string;
  /** Since the load began. */
  readonly atMs: number;
  readonly tookMs: number;
  readonly status: number;
  readonly text: string;
  /** Whether every hop that answered knew the request and its trace. */
  readonly isWhole: boolean;
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

/** Starts five nodes with the chain; each slice has an instance on three of them. */
export async function startChain(world: World, lab: Lab): Promise<TestCluster> {
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

/** How a chain is loaded. */
export interface ChainLoad {
  readonly requestsPerSecond: number;
  readonly durationMs: number;
  onFault(): void;
}

/** Sends requests at a steady rate to a node, with a fault after five seconds. */
export async function loadChain(
  node: ClusterNode,
  { requestsPerSecond, durationMs, onFault }: ChainLoad,
): Promise<Sent[]> {
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
    if (!isFaulty && dueMs >= faultAfterMs) {
      isFaulty = true;
      onFault();
    }
    pending.push(send(url, { traceparent, "x-request-id": `r-${index}` }, startMs));
  }
  return await Promise.all(pending);
}

async function send(url: string, headers: Record<string, string>, startMs: number): Promise<Sent> {
  const atMs = performance.now() - startMs;
  const requestId = headers["x-request-id"] ?? "";
  try {
    const response = await fetch(url, { client, headers, signal: AbortSignal.timeout(20_000) });
    const { status } = response;
    const text = await response.text();
    const tookMs = performance.now() - startMs - atMs;
    const isWhole = status !== 200 || isWholeChain(text, requestId);
    return { requestId, atMs, tookMs, status, text, isWhole };
  } catch (error) {
    const tookMs = performance.now() - startMs - atMs;
    return { requestId, atMs, tookMs, status: 0, text: String(error), isWhole: true };
  }
}

/** Every hop must know the request and its trace. */
function isWholeChain(text: string, requestId: string): boolean {
  const hops = JSON.parse(text) as Hop[];
  return hops.map(({ slice }) => slice).join() === "first,middle,last" &&
    hops.every((hop) => hop.requestId === requestId && hop.trace.startsWith(`00-${traceId}-`));
}

/** A node in the middle of the chain that is not the one which is asked. */
export async function victimOf(cluster: TestCluster, entry: ClusterNode): Promise<ClusterNode> {
  return await until("a node runs the middle slice", async () => {
    type Status = { instances: { node: string; artifact: string; state: string }[] };
    const status = await entry.json<Status>("/api/slices/status");
    const found = status?.instances.find(({ node, artifact, state }) =>
      artifact.includes(":middle:") && state === "ACTIVE" && node !== entry.id
    );
    return cluster.nodes.find(({ id }) => id === found?.node);
  });
}

/** What a run came to. */
export interface ChainReport {
  readonly fault: string;
  readonly requests: number;
  readonly failed: number;
  /** Failures of which no node logged anything. */
  readonly unexplained: number;
  /** Answers in which a hop did not know the request's id or trace. */
  readonly brokenChains: number;
  /** Requests that took more than a second. */
  readonly slow: number;
  readonly slowestMs: number;
  /** From the fault to the last request that failed; 0 when none did. */
  readonly lastFailureMs: number;
  /** The longest time in which every request failed that was sent. */
  readonly longestGapMs: number;
  /** Connections that found no room to wait at the node that was asked (Linux: ListenOverflows). */
  readonly overflows: number;
  /** Up to twenty failures, then slow requests, each with what the nodes' logs say of it. */
  readonly reasons: readonly string[];
}

/** Counts failures and finds out from the logs what each was. */
export function reportOf(
  fault: string,
  sent: readonly Sent[],
  { cluster, entry }: { readonly cluster: TestCluster; readonly entry: ClusterNode },
): ChainReport {
  const failed = sent.filter(({ status }) => status !== 200);
  const slow = sent.filter(({ status, tookMs }) => status === 200 && tookMs > slowMs)
    .sort((one, other) => other.tookMs - one.tookMs);
  const lines = cluster.nodes.flatMap(({ id, process }) =>
    process.stderr.map((line) => `${id} ${line}`)
  );
  const loggedOf = ({ requestId }: Sent) => lines.filter((line) => line.includes(`"${requestId}"`));
  const reasons = [...failed.slice(0, 20), ...slow].slice(0, 20).map((each) => {
    const { atMs, tookMs, status, text } = each;
    const said = loggedOf(each).join(" | ") || "no node logged it";
    const when = `${Math.round(atMs)} ms, for ${Math.round(tookMs)} ms`;
    return `${when}: ${status} ${text.slice(0, 400)} (${said.slice(0, 400)})`;
  });
  return {
    fault,
    requests: sent.length,
    failed: failed.length,
    unexplained: failed.filter((each) => loggedOf(each).length === 0).length,
    brokenChains: sent.filter(({ isWhole }) => !isWhole).length,
    slow: slow.length,
    slowestMs: Math.round(Math.max(...sent.map(({ tookMs }) => tookMs))),
    lastFailureMs: Math.round(Math.max(0, ...failed.map(({ atMs }) => atMs - faultAfterMs))),
    longestGapMs: Math.round(longestGap(sent)),
    overflows: overflowsOf(entry.process.pid),
    reasons,
  };
}

/** How often the kernel had no room for a connection, in the network of a process. */
function overflowsOf(pid: number): number {
  const lines = Deno.readTextFileSync(`/proc/${pid}/net/netstat`).split("\n");
  const [names = [], values = []] = lines.filter((line) => line.startsWith("TcpExt:"))
    .map((line) => line.split(" "));
  return Number(values[names.indexOf("ListenOverflows")] ?? 0);
}

function longestGap(sent: readonly Sent[]): number {
  let longest = 0;
  let since: number | undefined;
  for (const { status, atMs } of sent) {
    if (status === 200) since = undefined;
    else longest = Math.max(longest, atMs - (since ??= atMs));
  }
  return longest;
}
