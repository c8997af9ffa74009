/**
 * The trap benchmark: a steady stream of requests to an innocent slice while another one, in the
 * process tier of the same node, does its worst.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { engineFlag } from "../../src/io/entry.ts";
import { freePort, runToEnd, Server, type ServerCommand } from "./child.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fixtures = join(root, "tests", "fixtures", "hostile");
const commandTimeoutMs = 60_000;
const requestTimeoutMs = 5_000;

/** The traps, in the order in which they are sprung. */
export const sprung = ["loop", "heap", "buffers_slow"] as const;

const config = `[sandbox]
hungTimeout = "2s"
`;

/** What a stream of requests met. */
export interface StreamResult {
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** A node with echo and one slice per trap. */
export class TrapNode {
  readonly #folder: string;
  readonly #binary: string | undefined;
  readonly #managementPort = freePort();
  readonly #appPort = freePort();

  /** Without an executable the program runs from this checkout. */
  constructor(folder: string, binary: string | undefined) {
    this.#folder = folder;
    this.#binary = binary;
  }

  /** Starts the node and deploys everything. */
  async start(): Promise<Server> {
    const file = join(this.#folder, "aether.toml");
    await Deno.writeTextFile(file, config);
    const args = ["node", "start", "--config", file, "--port", `${freePort()}`];
    args.push("--management-port", `${this.#managementPort}`, "--app-port", `${this.#appPort}`);
    args.push("--log-level", "error", "--exit-with-parent");
    const server = Server.start(this.#command(args));
    await server.answers(`http://127.0.0.1:${this.#managementPort}/health/ready`);
    const names = await Promise.all(sprung.map((trap) => this.#writeTrap(trap)));
    const folders = [join(root, "slices", "echo"), ...names.map((name) => this.#path(name))];
    for (const path of folders) await this.#run(["slice", "publish", path, "--skip-check"]);
    const blueprint = join(this.#folder, "blueprint.toml");
    const artifacts = ["echo", ...names].map((name) => `org.example:${name}:1.0.0`);
    await Deno.writeTextFile(
      blueprint,
      `id = "org.example:bench:1.0.0"\n${
        artifacts.map((artifact) => `[[slices]]\nartifact = "${artifact}"\n`).join("")
      }`,
    );
    await this.#run(["blueprint", "apply", blueprint]);
    await server.answers(`http://127.0.0.1:${this.#appPort}/echo/hello`);
    return server;
  }

  /** Sends requests to echo at a fixed rate, whatever becomes of those before. */
  async stream(perSecond: number, seconds: number): Promise<StreamResult> {
    const url = `http://127.0.0.1:${this.#appPort}/echo/hello`;
    const tookMs: number[] = [];
    let failed = 0;
    const pending: Promise<void>[] = [];
    const startMs = performance.now();
    const total = perSecond * seconds;
    for (let sent = 0; sent < total;) {
      const due = Math.min(total, Math.floor((performance.now() - startMs) / 1000 * perSecond) + 1);
      for (; sent < due; sent++) {
        // From the moment at which it was due, so that a late client hides nothing.
        const dueMs = startMs + sent * 1000 / perSecond;
        pending.push(
          request(url).then((ok) => {
            if (ok) tookMs.push(performance.now() - dueMs);
            else failed++;
          }),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(pending);
    tookMs.sort((a, b) => a - b);
    const at = (part: number) => tookMs[Math.floor(part * (tookMs.length - 1))] ?? NaN;
    return { requests: total, failed, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }

  /** Springs a trap and waits for nothing. */
  spring(trap: string): void {
    void fetch(`http://127.0.0.1:${this.#appPort}/trap-${nameOf(trap)}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ given: { mib: 4096 } }),
    }).then((response) => response.body?.cancel(), () => undefined);
  }

  /** How the trap slices ended, by artifact. */
  async exits(): Promise<Record<string, string>> {
    const url = `http://127.0.0.1:${this.#managementPort}/api/slices/status`;
    const body = await (await fetch(url)).json() as {
      readonly instances: readonly { artifact: string; exit?: string; attempt: number }[];
    };
    return Object.fromEntries(body.instances.map(({ artifact, exit, attempt }) => [
      artifact,
      exit ?? `running, attempt ${attempt}`,
    ]));
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  async #writeTrap(trap: string): Promise<string> {
    const name = `trap-${nameOf(trap)}`;
    const folder = this.#path(name);
    await Deno.mkdir(folder);
    await Deno.copyFile(join(fixtures, `${trap}.js`), join(folder, "trap.js"));
    await Deno.writeTextFile(
      join(folder, "slice.toml"),
      `artifact = "org.example:${name}:1.0.0"\n[sandbox]\ntier = "process"\n` +
        "[limits]\nheapMb = 64\n",
    );
    await Deno.writeTextFile(
      join(folder, "mod.ts"),
      `import { contract, method, slice, z } from "aether";
import trap from "./trap.js";
const any = z.any();
const it = contract("org.example:${name}", {
  spring: method({ input: z.object({ given: any }), output: any, http: "POST /${name}" }),
});
export default slice(it, { create: () => ({ spring: ({ given }) => trap(given) }) });
`,
    );
    return name;
  }

  #run(args: readonly string[]): Promise<string> {
    const connect = ["--connect", `127.0.0.1:${this.#managementPort}`];
    return runToEnd(this.#command([...args, ...connect]), commandTimeoutMs);
  }

  #command(args: readonly string[]): ServerCommand {
    if (this.#binary !== undefined) return { command: this.#binary, args };
    const run = ["run", "-A", "--no-prompt", "--cached-only", engineFlag];
    run.push("--config", join(root, "deno.json"), join(root, "main.ts"));
    return { command: Deno.execPath(), args: [...run, ...args] };
  }
}

async function request(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(requestTimeoutMs) });
    await response.text();
    return response.status === 200;
  } catch {
    return false;
  }
}

function nameOf(trap: string): string {
  return trap.replaceAll("_", "-");
}
