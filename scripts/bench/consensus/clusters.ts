/**
 * The clusters of `bench consensus`: some Aether nodes, and as many of etcd.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { engineFlag } from "../../../src/io/entry.ts";
import { freePort, runToEnd, Server, type ServerCommand } from "../child.ts";
import type { ClientKind } from "./driver.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Where a cluster keeps what it is told: on a disk, or nowhere but in memory. */
export type Mode = "memory" | "durable";

/** What is measured; `aether-tls` has mutual TLS between its nodes. */
export type System = "aether" | "aether-tls" | "etcd";

/** A cluster that answers. */
export interface RunningCluster {
  readonly system: System;
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
  /** Aether's executable; without it, it runs from the source. */
  readonly binary?: string;
  /** Folder of the source; this checkout by default. */
  readonly source?: string;
  /** Whether Aether's nodes talk over mutual TLS. */
  readonly isTls?: boolean;
}

/** Starts Aether nodes that form a cluster; `stack` ends them. */
export async function startAether(
  options: ClusterOptions,
  stack: AsyncDisposableStack,
): Promise<RunningCluster> {
  const { nodes, mode, folder, isTls = false } = options;
  const members = Array.from({ length: nodes }, (_, index) => ({
    id: `n${index + 1}`,
    port: freePort(),
    managementPort: freePort(),
  }));
  const peers = members.map(({ id, port }) => `${id}:127.0.0.1:${port}`).join(",");
  if (isTls) await issueCertificates(options, members.map(({ id }) => id));
  const processes = members.map(({ id, port, managementPort }) => {
    const args = ["node", "start", "--node-id", id, "--peers", peers, "--port", `${port}`];
    args.push("--management-port", `${managementPort}`, "--app-port", `${freePort()}`);
    args.push("--storage-port", "0");
    args.push("--gateway-port", `${freePort()}`, "--log-level", "warn", "--exit-with-parent");
    if (mode === "durable") args.push("--data-dir", join(folder, `aether${isTls}-${id}`));
    const { env, ...command } = aetherCommand(options, args);
    return stack.use(
      Server.start({ ...command, env: { ...env, ...isTls ? tlsVariables(folder, id) : {} } }),
    );
  });
  const addresses = members.map(({ managementPort }) => `127.0.0.1:${managementPort}`);
  for (const [index, process] of processes.entries()) {
    await process.answers(`http://${addresses[index]}/health/ready`, 60_000);
  }
  return {
    system: isTls ? "aether-tls" : "aether",
    processes,
    addresses,
    kinds: ["http1", "http2"],
    slots: async () => {
      const response = await fetch(`http://${addresses[0]}/api/status`);
      return (await response.json()).slots;
    },
  };
}

async function issueCertificates(options: ClusterOptions, ids: readonly string[]): Promise<void> {
  const place = ["--dir", join(options.folder, "tls")];
  for (
    const args of [["init", "--cluster", "bench", ...place], ["issue", ids.join(","), ...place]]
  ) {
    await runToEnd(aetherCommand(options, ["tls", ...args]), 60_000);
  }
}

function tlsVariables(folder: string, id: string): Readonly<Record<string, string>> {
  const file = (name: string) => join(folder, "tls", name);
  return {
    AETHER_TLS_CA: file("ca.crt"),
    AETHER_TLS_CERTIFICATE: file(`${id}.crt`),
    AETHER_TLS_KEY: file(`${id}.key`),
  };
}

function aetherCommand(
  { binary, folder, source = root }: ClusterOptions,
  args: string[],
): ServerCommand {
  if (binary !== undefined) {
    return { command: binary, args, env: { AETHER_CACHE: join(folder, "cache") } };
  }
  const config = join(source, "deno.json");
  const run = ["run", "-A", "--no-prompt", "--cached-only", engineFlag, "--config", config];
  return { command: Deno.execPath(), args: [...run, join(source, "main.ts"), ...args] };
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
