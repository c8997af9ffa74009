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
  async deployEcho(): Promise<void> {
    const file = join(this.#options.folder, "blueprint.toml");
    await Deno.writeTextFile(file, blueprint);
    const connect = ["--connect", `127.0.0.1:${this.#managementPort}`];
    await this.#run(["slice", "publish", join(root, "slices/echo"), "--skip-check", ...connect]);
    await this.#run(["blueprint", "apply", file, ...connect]);
  }

  #run(args: readonly string[]): Promise<string> {
    return runToEnd(this.#command(args), commandTimeoutMs);
  }

  #command(args: readonly string[]): ServerCommand {
    return aetherCommand(args, this.#options, this.#cacheNumber);
  }
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
