/**
 * What the benchmark of calls compares: Aether on one node, Aether on two, and NATS.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort, listening, runToEnd, Server } from "../child.ts";
import { aetherCommand } from "../aether_node.ts";
import { LineProcess } from "./line_process.ts";
import type { LoopResult } from "./loop.ts";
import { writeBenchSlices } from "./slices.ts";

const natsPeer = fileURLToPath(new URL("nats_peer.ts", import.meta.url));

/** One run of a loop of calls. */
export interface Run {
  readonly bytes: number;
  readonly inFlight: number;
  readonly durationMs: number;
}

/** Something whose calls are measured. */
export interface Subject {
  readonly name: "same-node" | "cross-node" | "nats";
  /** All processes that take part in a call. */
  readonly pids: readonly number[];
  run(run: Run): Promise<LoopResult>;
}

/** Where things are kept, and which executable is measured. */
export interface SubjectOptions {
  readonly folder: string;
  readonly binary?: string;
}

/** Starts a cluster of one or two nodes with the slices of the benchmark. */
export async function startAether(
  name: "same-node" | "cross-node",
  options: SubjectOptions,
  stack: AsyncDisposableStack,
): Promise<Subject> {
  const count = name === "same-node" ? 1 : 2;
  const nodes = Array.from({ length: count }, (_, index) => ({
    id: `n${index + 1}`,
    cluster: freePort(),
    gateway: freePort(),
    management: freePort(),
    app: freePort(),
  }));
  const peers = nodes.map(({ id, cluster }) => `${id}:127.0.0.1:${cluster}`).join(",");
  const servers = nodes.map(({ id, cluster, gateway, management, app }) => {
    const ports = ["--port", `${cluster}`, "--gateway-port", `${gateway}`, "--storage-port", "0"];
    ports.push("--management-port", `${management}`, "--app-port", `${app}`);
    const words = ["node", "start", "--node-id", id, "--log-level", "warn", "--exit-with-parent"];
    if (count > 1) words.push("--peers", peers);
    return stack.use(Server.start(aetherCommand([...words, ...ports], options)));
  });
  for (const [index, node] of nodes.entries()) {
    await servers[index]?.answers(`http://127.0.0.1:${node.management}/health/ready`, 60_000);
  }
  const folder = join(options.folder, name);
  await Deno.mkdir(folder);
  const connect = ["--connect", `127.0.0.1:${nodes[0]?.management}`];
  const command = (...args: string[]) =>
    runToEnd(aetherCommand([...args, ...connect], options), 60_000);
  for (const slice of await writeBenchSlices(folder)) {
    await command("slice", "publish", slice, "--skip-check");
  }
  // One caller on every node and one instance that is called, on the first.
  const blueprint = join(folder, "blueprint.toml");
  const text = `id = "org.example:bench:1.0.0"
[[slices]]
artifact = "org.example:bench-echo:1.0.0"
[[slices]]
artifact = "org.example:bench-caller:1.0.0"
instances = ${count}
`;
  await Deno.writeTextFile(blueprint, text);
  await command("blueprint", "apply", blueprint);
  const url = `http://127.0.0.1:${nodes.at(-1)?.app}/bench`;
  return {
    name,
    pids: servers.map(({ pid }) => pid),
    run: async (run) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(run) });
      const body = await response.json();
      if (response.status !== 200) throw new Error(`${url} answers ${JSON.stringify(body)}`);
      return body as LoopResult;
    },
  };
}

/** Starts a NATS server with a process that asks and one that answers. */
export async function startNats(stack: AsyncDisposableStack): Promise<Subject> {
  const port = freePort();
  const args = ["-a", "127.0.0.1", "-p", `${port}`];
  const server = stack.use(Server.start({ command: "nats-server", args }));
  await listening(port);
  const responder = stack.use(await LineProcess.start(natsPeer, ["responder", `${port}`]));
  const caller = stack.use(await LineProcess.start(natsPeer, ["caller", `${port}`]));
  return {
    name: "nats",
    pids: [server.pid, responder.pid, caller.pid],
    run: async (run) => JSON.parse(await caller.ask(JSON.stringify(run))) as LoopResult,
  };
}
