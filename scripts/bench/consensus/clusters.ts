/**
 * The clusters of `bench consensus`: some Aether nodes, and as many of etcd.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { engineFlag } from "../../../src/io/entry.ts";
import { freePort, Server, type ServerCommand } from "../child.ts";
import type { ClientKind } from "./driver.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Where a cluster keeps what it is told: on a disk, or nowhere but in memory. */
export type Mode = "memory" | "durable";

/** A cluster that answers. */
export interface RunningCluster {
  readonly system: "aether" | "etcd";
  readonly processes: readonly Server[];
  /** Addresses for clients, one of each node. */
  readonly addresses: readonly string[];
  readonly kinds: readonly ClientKind[];
  /** Slots decided so far and those of them without anything; undefined for etcd. */
  slots(): Promise<{ readonly decided: number; readonly empty: number } | undefined>;
}

/** How to start a cluster. */
export interface ClusterOptions {
  readonly nodes: number;
  readonly mode: Mode;
  /** A folder on a disk. */
  readonly folder: string;
  /** Aether's executable; without it, it runs from this checkout. */
  readonly binary?: string;
}

/** Starts Aether nodes that form a cluster; `stack` ends them. */
export async function startAether(
  options: ClusterOptions,
  stack: AsyncDisposableStack,
): Promise<RunningCluster> {
  const { nodes, mode, folder } = options;
  const members = Array.from({ length: nodes }, (_, index) => ({
    id: `n${index + 1}`,
    port: freePort(),
    managementPort: freePort(),
  }));
  const peers = members.map(({ id, port }) => `${id}:127.0.0.1:${port}`).join(",");
  const processes = members.map(({ id, port, managementPort }) => {
    const args = ["node", "start", "--node-id", id, "--peers", peers, "--port", `${port}`];
    args.push("--management-port", `${managementPort}`, "--app-port", `${freePort()}`);
    args.push("--storage-port", "0");
    args.push("--gateway-port", `${freePort()}`, "--log-level", "warn", "--exit-with-parent");
    if (mode === "durable") args.push("--data-dir", join(folder, `aether-${id}`));
    return stack.use(Server.start(aetherCommand(options, args)));
  });
  const addresses = members.map(({ managementPort }) => `127.0.0.1:${managementPort}`);
  for (const [index, process] of processes.entries()) {
    await process.answers(`http://${addresses[index]}/health/ready`, 60_000);
  }
  return {
    system: "aether",
    processes,
    addresses,
    kinds: ["http1", "http2"],
    slots: async () => {
      const response = await fetch(`http://${addresses[0]}/api/status`);
      return (await response.json()).slots;
    },
  };
}

function aetherCommand({ binary, folder }: ClusterOptions, args: string[]): ServerCommand {
  if (binary !== undefined) {
    return { command: binary, args, env: { AETHER_CACHE: join(folder, "cache") } };
  }
  const config = join(root, "deno.json");
  const run = ["run", "-A", "--no-prompt", "--cached-only", engineFlag, "--config", config];
  return { command: Deno.execPath(), args: [...run, join(root, "main.ts"), ...args] };
}

/** Starts etcd nodes that form a cluster; `stack` ends them. */
export async function startEtcd(
  { nodes, mode, folder }: ClusterOptions,
  stack: AsyncDisposableStack,
): Promise<RunningCluster> {
  // Without a disk for Aether there is none for etcd either: its files are in memory.
  const place = mode === "durable"
    ? folder
    : await Deno.makeTempDir({ dir: "/dev/shm", prefix: "aether-bench-" });
  if (place !== folder) stack.defer(() => Deno.remove(place, { recursive: true }));
  const members = Array.from({ length: nodes }, (_, index) => ({
    name: `e${index + 1}`,
    client: `http://127.0.0.1:${freePort()}`,
    peer: `http://127.0.0.1:${freePort()}`,
  }));
  const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(",");
  const processes = members.map(({ name, client, peer }) =>
    stack.use(Server.start({
      command: "etcd",
      args: [
        ...["--name", name, "--data-dir", join(place, name), "--logger", "zap"],
        ...["--listen-client-urls", client, "--advertise-client-urls", client],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
        ...["--initial-cluster", cluster, "--initial-cluster-state", "new"],
      ],
    }))
  );
  const addresses = members.map(({ client }) => client);
  for (const [index, process] of processes.entries()) {
    await process.answers(`${addresses[index]}/health`, 60_000);
  }
  return {
    system: "etcd",
    processes,
    addresses,
    kinds: ["etcd"],
    slots: () => Promise.resolve(undefined),
  };
}
