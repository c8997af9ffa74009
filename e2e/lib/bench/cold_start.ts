/**
 * A cluster from nothing to its first thousand requests, for `deno task bench deploy`.
 *
 * @module
 */
import { until } from "../../../scripts/lib/until.ts";
import { readCpu } from "../../../scripts/bench/proc.ts";
import { parseCoordinates, repositoryPath } from "../../../src/protocol/coordinates.ts";
import { TestCluster } from "../cluster.ts";
import type { Host } from "../netns.ts";
import { root } from "../program.ts";
import { World } from "../world.ts";

const names = ["url-shortener", "analytics"] as const;
const requestsMax = 1_000;
const clients = 32;
/** A clock tick of the kernel. */
const tickMs = 10;
const text = `id = "org.example:bench:1.0.0"\n` +
  names.map((name) => `[[slices]]\nartifact = "org.example:${name}:1.0.0"\ninstances = 3\n`).join(
    "",
  );

/** Times since the first process was started, in milliseconds. */
export interface ColdStart {
  readonly nodes: number;
  readonly isDurable: boolean;
  readonly toQuorumMs: number;
  readonly toLeaderMs: number;
  readonly toServingMs: number;
  readonly toPublishedMs: number;
  readonly toDeployedMs: number;
  readonly toRequestsMs: number;
  readonly failed: number;
  /** CPU time of all nodes together until they served, had deployed, and at the end. */
  readonly cpuMs: readonly [serving: number, deployed: number, end: number];
}

/** Starts a cluster, deploys two slices and calls them. */
export async function coldStart(hosts: readonly Host[], isDurable: boolean): Promise<ColdStart> {
  const world = await World.open();
  try {
    const files = await Promise.all(names.map(async (name) => {
      const words = ["slice", "build", `${root}/slices/${name}`, "--skip-check"];
      await world.must([...words, "--out", world.dir]);
      return await Deno.readFile(world.path(`${name}-1.0.0.slice`));
    }));
    const cluster = await TestCluster.create(world, { hosts, isDurable });
    const startWallMs = Date.now();
    const startMs = performance.now();
    const since = () => Math.round(performance.now() - startMs);
    for (const node of cluster.nodes) node.launch();
    const said = (pattern: RegExp) =>
      Promise.any(cluster.nodes.map(({ process }) =>
        process.line("stderr", (line) => {
          const [time] = line.split(" ");
          return pattern.test(line) ? Date.parse(time ?? "") - startWallMs : undefined;
        })
      ));
    const quorum = said(/The quorum is there/);
    const leader = said(/The leader has changed/);
    const [one] = cluster.nodes;
    if (one === undefined) throw new RangeError("A cluster has nodes");
    await one.ready();
    const [toQuorumMs, toLeaderMs] = [await quorum, await leader];
    await cluster.writable();
    const toServingMs = since();
    const cpu = () =>
      cluster.nodes.reduce((sum, { process }) => sum + readCpu(process.pid).process, 0) * tickMs;
    const cpuServing = cpu();
    await Promise.all(files.map(async (bytes, index) => {
      const path = repositoryPath(parseCoordinates(`org.example:${names[index]}:1.0.0`));
      const { status, text } = await one.request(`/repository/${path}`, {
        method: "PUT",
        body: bytes,
      }, 30_000);
      if (status !== 201) throw new Error(`The upload was answered ${status}: ${text}`);
    }));
    const toPublishedMs = since();
    const headers = { "content-type": "application/toml" };
    const applied = await one.request("/api/blueprint", { method: "POST", body: text, headers });
    if (applied.status !== 200) throw new Error(`It was answered ${applied.status}`);
    await until("it is deployed", async () => {
      const id = encodeURIComponent("org.example:bench:1.0.0");
      const view = await one.json<{ status: string }>(`/api/blueprint/${id}/status`);
      return view?.status === "DEPLOYED" || undefined;
    });
    const toDeployedMs = since();
    const cpuDeployed = cpu();
    const failed = await call(cluster);
    return {
      nodes: hosts.length,
      isDurable,
      toQuorumMs,
      toLeaderMs,
      toServingMs,
      toPublishedMs,
      toDeployedMs,
      toRequestsMs: since(),
      failed,
      cpuMs: [cpuServing, cpuDeployed, cpu()],
    };
  } catch (error) {
    if (error instanceof Error) error.message += `\n${world.log}`;
    throw error;
  } finally {
    await world.close();
  }
}

/** A thousand requests that succeed, one of ten a write; answers how many did not. */
async function call(cluster: TestCluster): Promise<number> {
  let [done, failed] = [0, 0];
  const codes: string[] = [];
  await Promise.all(Array.from({ length: clients }, async (_, client) => {
    for (let round = client; done < requestsMax; round++) {
      const node = cluster.nodes[round % cluster.nodes.length];
      const url = `http://${node?.host.management}:8070/urls`;
      const code = round % 10 === 0 ? undefined : codes[round % codes.length];
      const response = await (code === undefined ? make(url) : fetch(`${url}/${code}`))
        .catch(() => undefined);
      const text = await response?.text() ?? "";
      if (response?.ok !== true) failed++;
      else {
        done++;
        if (code === undefined) codes.push((JSON.parse(text) as { code: string }).code);
      }
    }
  }));
  return failed;
}

function make(url: string): Promise<Response> {
  return fetch(url, {
    method: "POST",
    body: JSON.stringify({ url: "https://example.org" }),
    headers: { "content-type": "application/json" },
  });
}
