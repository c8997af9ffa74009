/**
 * Clusters on this machine's loopback, for tests that need no network faults.
 *
 * @module
 */
import { Node } from "./node.ts";
import { until, type World } from "./world.ts";

/** Ports that were free a moment ago. */
export function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  return ports;
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
