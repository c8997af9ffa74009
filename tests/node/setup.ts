/**
 * A whole node in this process: its threads are real workers, only the process is the test's.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSlice } from "../../src/artifact/build.ts";
import { AetherClient } from "../../src/client/client.ts";
import { followDeployment } from "../../src/client/follow.ts";
import { sliceTools } from "../../src/forge/tools.ts";
import { type NodeInfo, runNode } from "../../src/node/supervisor.ts";
import { resolveConfig } from "../../src/protocol/config/config.ts";
import { parseCoordinates, repositoryPath } from "../../src/protocol/coordinates.ts";

/** A configuration with free ports and a quiet log. */
export function quietTree(tree: Readonly<Record<string, object>> = {}): Record<string, object> {
  const sections = ["cluster", "management", "app"].map((name) =>
    [name, { port: 0, ...tree[name] }] as const
  );
  return { log: { level: "off" }, ...tree, ...Object.fromEntries(sections) };
}

/** A node and the threads that it started. */
export class TestNode implements AsyncDisposable {
  readonly info: NodeInfo;
  readonly client: AetherClient;
  /** The exit code, once the node has ended. */
  readonly exit: Promise<number>;
  readonly #stop: AbortController;
  readonly #threads: ThreadRecorder;

  private constructor(
    info: NodeInfo,
    running: { exit: Promise<number>; stop: AbortController; threads: ThreadRecorder },
  ) {
    this.info = info;
    this.client = new AetherClient({ address: info.management });
    this.exit = running.exit;
    this.#stop = running.stop;
    this.#threads = running.threads;
  }

  /** Starts one and waits until it serves; rejects like `runNode`. */
  static async start(tree: Readonly<Record<string, object>> = {}): Promise<TestNode> {
    const threads = new ThreadRecorder();
    const stop = new AbortController();
    const ready = Promise.withResolvers<NodeInfo>();
    const config = resolveConfig(quietTree(tree));
    const exit = runNode(config, { signal: stop.signal, onReady: ready.resolve });
    exit.catch(() => {});
    try {
      const ended = exit.then((code) => Promise.reject(new Error(`The node ended with ${code}`)));
      return new TestNode(await Promise.race([ready.promise, ended]), { exit, stop, threads });
    } catch (error) {
      threads.restore();
      throw error;
    }
  }

  /** The newest thread with a name, such as "gateway", "gateway of n1" or an instance's id. */
  thread(name: string): Worker {
    const worker = this.#threads.newest.get(name);
    if (worker === undefined) throw new Error(`There is no thread "${name}"`);
    return worker;
  }

  /** Stops the node as SIGTERM does and returns its exit code. */
  stop(): Promise<number> {
    this.#stop.abort();
    return this.exit;
  }

  /** Builds, publishes and deploys slices of the checkout. */
  async deploy(id: string, folders: readonly string[]): Promise<void> {
    const artifacts: string[] = [];
    for (const folder of folders) artifacts.push(await this.publish(folder));
    const slices = artifacts.map((artifact) => `[[slices]]\nartifact = "${artifact}"\n`);
    await this.apply(id, `id = "${id}"\n${slices.join("")}`);
  }

  /** Builds a folder, publishes it, and returns its coordinates. */
  async publish(folder: string): Promise<string> {
    const { bytes, manifest } = await buildSlice(folder, { ...sliceTools(), check: false });
    const path = repositoryPath(parseCoordinates(manifest.artifact));
    const body = { bytes, contentType: "application/octet-stream" };
    await this.client.call("repositoryPut", { params: { path }, body });
    return manifest.artifact;
  }

  /** Applies a text and waits until it is deployed. */
  async apply(id: string, text: string): Promise<void> {
    const body = { bytes: new TextEncoder().encode(text), contentType: "application/toml" };
    await this.client.call("blueprintApply", { body });
    await followDeployment(this.client, id, { timeoutMs: 20_000, intervalMs: 10 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => {});
    this.#threads.restore();
  }
}

/** Notes every worker that is created while it is installed. */
class ThreadRecorder {
  readonly newest = new Map<string, Worker>();
  readonly #original = globalThis.Worker;

  constructor() {
    const { newest } = this;
    globalThis.Worker = class extends this.#original {
      readonly #name: string;

      constructor(url: string | URL, options: WorkerOptions = {}) {
        super(url, options);
        this.#name = options.name ?? "";
        newest.set(this.#name, this);
      }

      override postMessage(message: unknown, ports?: unknown): void {
        super.postMessage(message, ports as Transferable[]);
        // Of several nodes in this process, each tells its threads which it is.
        const { config } = message as { readonly config?: { readonly node?: { id: string } } };
        const id = config?.node?.id;
        if (id !== undefined) newest.set(`${this.#name} of ${id}`, this);
      }
    };
  }

  restore(): void {
    globalThis.Worker = this.#original;
  }
}

/** Path of an example slice. */
export function exampleSlice(name: string): string {
  return join(fileURLToPath(new URL("../../slices", import.meta.url)), name);
}
