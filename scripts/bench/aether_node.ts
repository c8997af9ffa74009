/**
 * A real Aether node for benchmarks, from source or from an executable, with the echo slice.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { engineFlag } from "../../src/io/entry.ts";
import { freePort, runToEnd, Server, type ServerCommand } from "./child.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const commandTimeoutMs = 60_000;

const blueprint = `id = "org.example:bench:1.0.0"

[[slices]]
artifact = "org.example:echo:1.0.0"
`;

/** Which program, and where it keeps what. */
export interface AetherOptions {
  /** The executable; without it the program runs from this checkout. */
  readonly binary?: string;
  /** The node's data, and the executable's cache; a folder of the caller's. */
  readonly folder: string;
}

/** An Aether that can be started again and again on the same data and the same ports. */
export class Aether {
  readonly #options: AetherOptions;
  readonly #managementPort = freePort();
  readonly #appPort = freePort();
  #cacheNumber = 0;

  constructor(options: AetherOptions) {
    this.#options = options;
  }

  get liveUrl(): string {
    return `http://127.0.0.1:${this.#managementPort}/health/live`;
  }

  get appUrl(): string {
    return `http://127.0.0.1:${this.#appPort}`;
  }

  /** Makes the next start the first one of the executable, which has to unpack itself. */
  emptyCache(): void {
    this.#cacheNumber++;
  }

  /** Starts the node; it may take a moment until it answers. */
  start(): Server {
    const args = ["node", "start", "--port", `${freePort()}`];
    args.push("--management-port", `${this.#managementPort}`, "--app-port", `${this.#appPort}`);
    args.push("--data-dir", join(this.#options.folder, "data"), "--log-level", "warn");
    // Ends with the benchmark, however that ends.
    args.push("--exit-with-parent");
    return Server.start(this.#command(args));
  }

  /** Publishes the echo slice to the running node and waits until it is deployed. */
  deployEcho(): Promise<void> {
    return deployEcho(this.#options, this.#managementPort);
  }

  #command(args: readonly string[]): ServerCommand {
    return aetherCommand(args, this.#options, this.#cacheNumber);
  }
}

/** Publishes the echo slice to a running node and waits until it is deployed. */
export async function deployEcho(options: AetherOptions, managementPort: number): Promise<void> {
  const file = join(options.folder, "blueprint.toml");
  await Deno.writeTextFile(file, blueprint);
  const connect = ["--connect", `127.0.0.1:${managementPort}`];
  const command = (...args: string[]) =>
    runToEnd(aetherCommand([...args, ...connect], options), commandTimeoutMs);
  await command("slice", "publish", join(root, "slices/echo"), "--skip-check");
  await command("blueprint", "apply", file);
}

/** A node of a cluster. */
export interface ClusterNode {
  readonly id: string;
  readonly management: number;
  readonly app: number;
  readonly server: Server;
}

/** Starts a cluster of two nodes that keep everything in memory; `stack` ends them. */
export async function startPair(
  options: AetherOptions,
  stack: AsyncDisposableStack,
): Promise<ClusterNode[]> {
  const ports = ["n1", "n2"].map((id) => ({
    id,
    cluster: freePort(),
    management: freePort(),
    app: freePort(),
  }));
  const peers = ports.map(({ id, cluster }) => `${id}:127.0.0.1:${cluster}`).join(",");
  const nodes = ports.map(({ id, cluster, management, app }) => {
    const args = ["node", "start", "--node-id", id, "--peers", peers, "--port", `${cluster}`];
    args.push("--gateway-port", `${freePort()}`, "--storage-port", "0");
    args.push("--management-port", `${management}`, "--app-port", `${app}`);
    args.push("--log-level", "warn", "--exit-with-parent");
    return { id, management, app, server: stack.use(Server.start(aetherCommand(args, options))) };
  });
  for (const { management, server } of nodes) {
    await server.answers(`http://127.0.0.1:${management}/health/ready`, commandTimeoutMs);
  }
  return nodes;
}

/** How to run `aether ARGS`; another cache number makes an executable unpack itself again. */
export function aetherCommand(
  args: readonly string[],
  { binary, folder }: AetherOptions,
  cacheNumber = 0,
): ServerCommand {
  if (binary === undefined) {
    const config = join(root, "deno.json");
    const run = ["run", "-A", "--no-prompt", "--cached-only", engineFlag, "--config", config];
    return { command: Deno.execPath(), args: [...run, join(root, "main.ts"), ...args] };
  }
  const cache = join(folder, `cache-${cacheNumber}`);
  return { command: binary, args, env: { AETHER_CACHE: cache } };
}
