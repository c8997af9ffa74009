/**
 * The application of the deployment benches on a cluster, and its requests.
 *
 * @module
 */
import { until } from "../../../scripts/lib/until.ts";
import type { ClusterNode, TestCluster } from "../cluster.ts";
import { root } from "../program.ts";
import { writeSlice } from "../slices.ts";
import type { World } from "../world.ts";
import type { Planned } from "./open_load.ts";

/** The blueprint with a version of echo and of moody; every slice is on every node. */
export function blueprint(echo = "1.0.0", moody = "1.0.0"): string {
  const slices = [`echo:${echo}`, `moody:${moody}`, "url-shortener:1.0.0", "analytics:1.0.0"];
  return `id = "org.example:bench:1.0.0"\n` +
    slices.map((slice) =>
      `[[slices]]\nartifact = "org.example:${slice}"\ninstances = 5\nminAvailable = 3\n`
    ).join("");
}

/** Number of instances of {@link blueprint}. */
export const instances = 20;

/** Publishes what {@link blueprint} needs; moody 2.0.0 fails every twentieth call. */
export async function publish(world: World, node: ClusterNode): Promise<void> {
  const methods = `get: method({
    input: z.object({}),
    output: z.object({ version: z.string() }),
    http: "GET /moody",
  }),`;
  const good = { name: "moody", methods, handlers: 'get: () => ({ version: "1" }),' };
  const bad = {
    ...good,
    version: "2.0.0",
    setup: "let calls = 0;",
    handlers: `get() {
      if (++calls % 20 === 0) throw new Error("A bad day");
      return { version: "2" };
    },`,
  };
  const folders = [await writeSlice(world, good), await writeSlice(world, bad)];
  const names = ["echo", "echo-v2", "url-shortener", "analytics"];
  for (const folder of [...names.map((name) => `${root}/slices/${name}`), ...folders]) {
    await node.must(["slice", "publish", folder, "--skip-check"]);
  }
}

interface StatusView {
  readonly instances: readonly { readonly node: string; readonly state: string }[];
}

/** Waits until this many instances serve, and nothing else is there. */
export async function healthy(node: ClusterNode, timeoutMs = 60_000): Promise<void> {
  await until(`${instances} instances serve`, async () => {
    const view = await node.json<StatusView>("/api/slices/status");
    const all = view?.instances ?? [];
    return all.length === instances && all.every(({ state }) => state === "ACTIVE") || undefined;
  }, timeoutMs);
}

/** Requests through all nodes in turn: half of them to the URL shortener, half to another path. */
export function requests(
  cluster: TestCluster,
  other: string,
  codes: readonly string[],
): (index: number) => Planned {
  const urls = cluster.nodes.map(({ host }) => `http://${host.management}:8070`);
  return (index) => {
    const at = (offset: number) => urls[(index + offset) % urls.length] ?? "";
    const nodes = [at(0), at(1)] as const;
    // All kinds reach all nodes: their number has no divisor in common with four.
    if (index % 2 === 1) return { kind: `GET ${other}`, nodes, path: other };
    if (index % 4 === 0) {
      return { kind: "GET /urls", nodes, path: `/urls/${codes[index % codes.length]}` };
    }
    const init = {
      method: "POST",
      body: JSON.stringify({ url: `https://example.org/${index}` }),
      headers: { "content-type": "application/json" },
    };
    return { kind: "POST /urls", nodes, path: "/urls", init };
  };
}

/** Makes short codes to ask for. */
export async function makeCodes(node: ClusterNode): Promise<string[]> {
  const codes: string[] = [];
  while (codes.length < 50) {
    const response = await fetch(`http://${node.host.management}:8070/urls`, {
      method: "POST",
      body: JSON.stringify({ url: "https://example.org" }),
      headers: { "content-type": "application/json" },
    });
    const { code } = await response.json() as { code?: string };
    if (code !== undefined) codes.push(code);
    else await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return codes;
}
