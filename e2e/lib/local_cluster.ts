/**
 * Clusters on this machine's loopback, for tests that need no network faults.
 *
 * @module
 */
import { until } from "../../scripts/lib/until.ts";
import { Node } from "./node.ts";
import type { World } from "./world.ts";

/** Below those that the system gives to whoever asks for any: what is found stays free. */
const portsFrom = 10_000;
const portsCount = 20_000;
const given = new Set<number>();

/** Ports that are free, and that nobody else is given. */
export function freePorts(count: number): number[] {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = portsFrom + Math.floor(Math.random() * portsCount);
    if (!given.has(port) && isFree(port)) ports.push(port);
    given.add(port);
  }
  return ports;
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** The text of `--peers` for nodes with these names and ports. */
export function peersText(names: readonly string[], ports: readonly number[]): string {
  return names.map((name, index) => `${name}:127.0.0.1:${ports[index]}`).join(",");
}

/** Starts nodes n1, n2 and so on as one cluster, and waits until all have joined. */
export async function startLocalCluster(
  world: World,
  count: number,
  words: (name: string) => readonly string[] = () => [],
): Promise<{ readonly nodes: readonly Node[]; readonly ports: readonly number[] }> {
  const ports = freePorts(count);
  const names = ports.map((_, index) => `n${index + 1}`);
  const peers = peersText(names, ports);
  const nodes = await Promise.all(names.map((name, index) =>
    Node.start(world, [
      ...["--node-id", name, "--port", String(ports[index]), "--gateway-port", "0"],
      ...["--peers", peers, ...words(name)],
    ])
  ));
  await until("all nodes have joined", async () => {
    const all = await Promise.all(nodes.map((node) => node.client.call("health")));
    return all.every(({ nodeCount, ready }) => nodeCount === count && ready) || undefined;
  });
  return { nodes, ports };
}
