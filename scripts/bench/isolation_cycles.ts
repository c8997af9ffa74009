/**
 * Loads and unloads a slice of a real node again and again, each time with a pool of connections
 * that is opened, used and closed, and watches what the node's process holds.
 *
 * The node keeps few past changes of its store: what fills up once and is bounded would hide what
 * grows.
 *
 * @module
 */
import { join } from "node:path";
import { until } from "../lib/until.ts";
import { AetherClient } from "../../src/client/client.ts";
import { aetherCommand } from "./aether_node.ts";
import { freePort, runToEnd, Server } from "./child.ts";
import { type BenchTier, type Holdings, holdings } from "./isolation_instances.ts";

const id = "org.example:bench:1.0.0";
const artifact = "org.example:pooled:1.0.0";
const commandTimeoutMs = 60_000;

const slice = `import { contract, http, method, slice, z } from "aether";
const it = contract("org.example:pooled", {
  get: method({ input: z.object({}), output: z.string(), http: "GET /pooled" }),
});
export default slice(it, {
  needs: { service: http("service") },
  create: ({ service }) => ({ get: async () => (await service.get("/")).text() }),
});
`;

/** What {@link benchCycles} runs. */
export interface CyclesOptions {
  readonly tier: BenchTier;
  readonly cycles: number;
  /** The executable; without it the program runs from this checkout. */
  readonly binary?: string | undefined;
  /** A folder of the caller's. */
  readonly folder: string;
  /** Told now and then, and with the last cycle. */
  onCount(cycle: number, held: Holdings): void;
}

/** Runs the cycles; throws when one of them takes too long. */
export async function benchCycles(options: CyclesOptions): Promise<void> {
  const { cycles, onCount } = options;
  const onListen = () => {};
  const service = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen },
    () => new Response("ok"),
  );
  try {
    await using node = await CycleNode.start(options, service.addr.port);
    for (let cycle = 0; cycle <= cycles; cycle++) {
      if (cycle % Math.max(1, Math.floor(cycles / 20)) === 0) onCount(cycle, holdings(node.pid));
      await node.cycle();
    }
  } finally {
    await service.shutdown();
  }
}

class CycleNode implements AsyncDisposable {
  readonly #server: Server;
  readonly #client: AetherClient;
  readonly #url: string;

  private constructor(server: Server, management: string, app: string) {
    this.#server = server;
    this.#client = new AetherClient({ address: management });
    this.#url = `http://${app}/pooled`;
  }

  static async start(
    { tier, binary, folder }: CyclesOptions,
    servicePort: number,
  ): Promise<CycleNode> {
    const service = `127.0.0.1:${servicePort}`;
    const [management, app] = [freePort(), freePort()];
    const command = (args: readonly string[]) =>
      aetherCommand(args, binary === undefined ? { folder } : { folder, binary });
    await write(folder, {
      "aether.toml": `[sandbox]\ntier = "${tier}"\n[sandbox.max]\nnet = ["${service}"]\n` +
        `[resources.service]\ntype = "http"\nbaseUrl = "http://${service}"\n` +
        '[store]\nhistoryRevisions = 100\nsnapshotEveryBytes = "256KiB"\n',
      "pooled/slice.toml": `artifact = "${artifact}"\n`,
      "pooled/mod.ts": slice,
    });
    const server = Server.start(command([
      ...["node", "start", "--config", join(folder, "aether.toml"), "--port", `${freePort()}`],
      ...["--management-port", `${management}`, "--app-port", `${app}`],
      ...["--log-level", "error", "--exit-with-parent"],
    ]));
    await server.answers(`http://127.0.0.1:${management}/health/ready`);
    const publish = ["slice", "publish", join(folder, "pooled"), "--skip-check"];
    const connect = ["--connect", `127.0.0.1:${management}`];
    await runToEnd(command([...publish, ...connect]), commandTimeoutMs);
    return new CycleNode(server, `127.0.0.1:${management}`, `127.0.0.1:${app}`);
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Loads the slice, calls it, unloads it. */
  async cycle(): Promise<void> {
    const text = `id = "${id}"\n[[slices]]\nartifact = "${artifact}"\n`;
    const body = { bytes: new TextEncoder().encode(text), contentType: "application/toml" };
    await this.#client.call("blueprintApply", { body });
    await until("it serves", async () => {
      const response = await fetch(this.#url);
      return await response.text() === '"ok"';
    });
    await this.#client.call("blueprintDelete", { params: { id } });
    await until("nothing is left", async () => {
      const { instances } = await this.#client.call("slicesStatus");
      if (instances.length > 0) return false;
      const { nodes } = await this.#client.call("resources");
      return nodes.every(({ resources }) => resources.length === 0);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await Deno.mkdir(join(folder, "pooled"), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(folder, name), text);
  }
}
