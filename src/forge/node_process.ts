/**
 * {@link NodeProcess}: a real node as a child process of this one.
 *
 * It is the same program, started by `aether node start`. `aether dev` calls it. The child ends
 * with its parent, however that ends: it watches its standard input.
 *
 * @module
 */
import { AetherError, type Problem } from "../base/errors.ts";
import { selfCommand } from "../io/entry.ts";
import { configKeys, variablePrefix } from "../protocol/config/keys.ts";
import { linesOf } from "./lines.ts";

/** What a ready node says about itself. */
export interface NodeAddresses {
  readonly id: string;
  /** URL of the management API. */
  readonly management: string;
  /** URL of the applications. */
  readonly app: string;
}

/** Ports of a node on this machine. */
export interface NodePorts {
  readonly app: number;
  readonly management: number;
  readonly cluster: number;
  readonly gateway: number;
  readonly storage: number;
}

/** Options of {@link NodeProcess.start}. */
export interface NodeProcessOptions {
  readonly id: string;
  /** 0 picks free ones. */
  readonly ports: NodePorts;
  /** The nodes that form the cluster, `id:host:port`; none for a node that is alone. */
  readonly peers: readonly string[];
  /** Without it the node keeps all in memory. */
  readonly dataDir?: string | undefined;
  readonly logLevel: string;
  /** Environment; variables that would configure a node are left out. */
  readonly env: Readonly<Record<string, string>>;
  /** Gets every line of the node's log. */
  onLog(line: string): void;
}

const startTimeoutMs = 30_000;
/** The node stops by itself within 10 s. */
const stopTimeoutMs = 12_000;

/** A running node. */
export class NodeProcess {
  readonly addresses: NodeAddresses;
  /** Resolves when the process ends by itself: undefined after exit code 0, else the reason. */
  readonly ended: Promise<AetherError | undefined>;
  readonly #child: Child;

  private constructor(addresses: NodeAddresses, child: Child) {
    this.addresses = addresses;
    this.ended = child.ended;
    this.#child = child;
  }

  /**
   * Starts a node and waits until it serves.
   *
   * @throws {AetherError} the node's own error, e.g. PORT_TAKEN; NODE_ENDED or TIMEOUT
   */
  static async start(options: NodeProcessOptions, signal: AbortSignal): Promise<NodeProcess> {
    signal.throwIfAborted();
    const child = new Child(options);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const text = `Node ${options.id} does not serve after ${startTimeoutMs / 1000}s`;
        reject(new AetherError("TIMEOUT", text));
      }, startTimeoutMs);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    const ended = child.ended.then((error) => {
      throw error ?? new AetherError("NODE_ENDED", `Node ${options.id} stopped as it started`);
    });
    try {
      return new NodeProcess(await Promise.race([child.ready, ended, late]), child);
    } catch (error) {
      await child.stop();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stops the node gracefully, or hard when it does not end; resolves when it is gone. */
  stop(): Promise<void> {
    return this.#child.stop();
  }
}

/** The process and its streams. */
class Child {
  readonly ready: Promise<NodeAddresses>;
  readonly ended: Promise<AetherError | undefined>;
  readonly #process: Deno.ChildProcess;
  readonly #options: NodeProcessOptions;
  #problem: AetherError | undefined;

  constructor(options: NodeProcessOptions) {
    this.#options = options;
    const self = selfCommand();
    this.#process = new Deno.Command(self.command, {
      args: [...self.args, ...argumentsOf(options)],
      clearEnv: true,
      env: childEnvironment(options.env),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { promise, resolve } = Promise.withResolvers<NodeAddresses>();
    this.ready = promise;
    const streams = Promise.all([this.#readOutput(resolve), this.#readLog()]);
    this.ended = this.#untilEnd(streams);
  }

  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#kill("SIGKILL"), stopTimeoutMs);
    this.#kill("SIGTERM");
    await this.ended;
    clearTimeout(timer);
    await this.#process.stdin.close().catch(() => {});
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  async #readOutput(onReady: (addresses: NodeAddresses) => void): Promise<void> {
    for await (const line of linesOf(this.#process.stdout)) {
      const { ready, id, management, app } = parseObject(line);
      if (ready === true) {
        onReady({ id: String(id), management: String(management), app: String(app) });
      }
    }
  }

  async #readLog(): Promise<void> {
    for await (const line of linesOf(this.#process.stderr)) {
      const { type, code } = parseObject(line);
      const isProblem = typeof type === "string" && type.startsWith("urn:aether:error:");
      if (isProblem && code !== undefined) {
        this.#problem = AetherError.fromProblem(parseObject(line) as Partial<Problem>);
      } else this.#options.onLog(line);
    }
  }

  async #untilEnd(streams: Promise<unknown>): Promise<AetherError | undefined> {
    const status = await this.#process.status;
    // The last lines of the log may be on their way.
    await streams;
    return this.#reasonOf(status);
  }

  #reasonOf({ code, signal }: Deno.CommandStatus): AetherError | undefined {
    if (this.#problem !== undefined) return this.#problem;
    if (code === 0) return undefined;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    return new AetherError("NODE_ENDED", `Node ${this.#options.id} ended ${how}`);
  }
}

function argumentsOf({ id, ports, peers, dataDir, logLevel }: NodeProcessOptions): string[] {
  return [
    ...["node", "start", "-o", "json", "--exit-with-parent"],
    ...["--node-id", id, "--log-level", logLevel],
    ...["--host", "127.0.0.1", "--management-host", "127.0.0.1", "--app-host", "127.0.0.1"],
    ...["--port", String(ports.cluster), "--management-port", String(ports.management)],
    ...["--app-port", String(ports.app), "--gateway-port", String(ports.gateway)],
    ...["--storage-port", String(ports.storage)],
    ...(peers.length === 0 ? [] : ["--peers", peers.join(",")]),
    ...(dataDir === undefined ? [] : ["--data-dir", dataDir]),
  ];
}

/** A development node is the same everywhere: what configures other nodes does not reach it. */
function childEnvironment(env: Readonly<Record<string, string>>): Record<string, string> {
  const configuring = new Set(configKeys.flatMap((key) => key.variables));
  const kept = new Set(["AETHER_CACHE", "AETHER_EXE"]);
  return Object.fromEntries(
    Object.entries(env).filter(([name]) =>
      kept.has(name) || !configuring.has(name) && !name.startsWith(variablePrefix)
    ),
  );
}

/** The object that a line of JSON is; empty for every other text. */
function parseObject(line: string): Readonly<Record<string, unknown>> {
  if (!line.startsWith("{")) return {};
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
