/**
 * {@link TestCluster}: the nodes of a cluster as real processes, one on each host of a lab.
 *
 * @module
 */
import { until } from "../../scripts/lib/until.ts";
import type { Host } from "./netns.ts";
import type { Outcome, Running } from "./program.ts";
import type { World } from "./world.ts";

const startTimeoutMs = 60_000;
/** Requests of the tests never take longer; faults are meant to be shorter or longer than that. */
const requestTimeoutMs = 3_000;
/**
 * A connection for each request: on one that was used before and breaks, fetch sends the request
 * once more by itself, also a write that the node has got already.
 */
const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });

/** What an answer said. */
export interface Answered {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly text: string;
  readonly etag: string | null;
}

/** One node, through all of its lives. */
export class ClusterNode {
  readonly id: string;
  readonly host: Host;
  /** `http://host:port` of the management API. */
  readonly management: string;
  readonly #world: World;
  readonly #words: readonly string[];
  #process: Running | undefined;
  /** Whether it is stopped by SIGSTOP. */
  isPaused = false;

  constructor(world: World, host: Host, words: readonly string[]) {
    this.id = `n${host.number}`;
    this.host = host;
    this.management = `http://${host.management}:8080`;
    this.#world = world;
    this.#words = words;
  }

  /** The process of this life. */
  get process(): Running {
    if (this.#process === undefined) throw new Error(`${this.id} was never started`);
    return this.#process;
  }

  /** Whether there is a process that has not ended. */
  get isRunning(): boolean {
    return this.#process?.isRunning ?? false;
  }

  /** Whether it runs and is not paused. */
  get isUp(): boolean {
    return this.isRunning && !this.isPaused;
  }

  /** Starts the process, and waits for nothing. */
  launch(): void {
    this.isPaused = false;
    this.#process = this.#world.start(this.#words, { under: this.host.under });
  }

  /** Waits until the node serves. */
  async ready(): Promise<void> {
    await this.process.line(
      "stdout",
      (line) => line.includes('"ready": true') || line.includes('"ready":true') || undefined,
      startTimeoutMs,
    );
  }

  /** Runs a command of the CLI against this node. */
  run(words: readonly string[], stdin?: string): Promise<Outcome> {
    return this.#world.run([...words, ...this.#connect], stdin === undefined ? {} : { stdin });
  }

  /** Like {@link ClusterNode.run}, and throws when it does not end with 0; returns its output. */
  must(words: readonly string[], stdin?: string): Promise<string> {
    return this.#world.must([...words, ...this.#connect], stdin === undefined ? {} : { stdin });
  }

  get #connect(): string[] {
    return ["--connect", this.management];
  }

  /** Ends the process as kill -9 does. */
  async crash(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.process.ended;
  }

  /** Stops the process in its tracks. */
  pause(): void {
    this.process.kill("SIGSTOP");
    this.isPaused = true;
  }

  /** Lets a paused process go on. */
  resume(): void {
    this.process.kill("SIGCONT");
    this.isPaused = false;
  }

  /** Sends a request to the management API. */
  async request(
    path: string,
    init: RequestInit = {},
    timeoutMs: number = requestTimeoutMs,
  ): Promise<Answered> {
    try {
      const response = await fetch(this.management + path, {
        ...init,
        client,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await response.text();
      return { status: response.status, text, etag: response.headers.get("etag") };
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      return { status: 0, text: `${error}: ${cause}`, etag: null };
    }
  }

  /** Reads a JSON answer; undefined when there is none. */
  async json<T>(path: string): Promise<T | undefined> {
    const { status, text } = await this.request(path);
    return status === 200 ? JSON.parse(text) as T : undefined;
  }

  /** Writes a key; answers the status. */
  async put(key: string, value: string, timeoutMs?: number): Promise<number> {
    const headers = { "content-type": "text/plain" };
    const init = { method: "PUT", body: value, headers };
    return (await this.request(`/api/kv/${key}`, init, timeoutMs)).status;
  }

  /** Reads a key; undefined when it does not exist. Throws when it cannot be read. */
  async get(key: string): Promise<string | undefined> {
    const { status, text } = await this.request(`/api/kv/${key}`);
    if (status === 200) return text;
    if (status === 404) return undefined;
    throw new Error(`${this.id} answered ${status}: ${text}`);
  }
}

/** How the nodes of a cluster are started. */
export interface TestClusterOptions {
  readonly hosts: readonly Host[];
  /** Whether they keep everything on disk, in `n1`, `n2` and so on of the world. */
  readonly isDurable: boolean;
  /** Whether they talk over mutual TLS, with certificates in the folder `tls` of the world. */
  readonly isTls?: boolean;
  /** Lines of the configuration beside those that every cluster needs. */
  readonly config?: string;
}

/** Nodes that are, or are going to be, a cluster. */
export class TestCluster {
  readonly nodes: readonly ClusterNode[];

  private constructor(nodes: readonly ClusterNode[]) {
    this.nodes = nodes;
  }

  /** Makes the nodes and starts none. */
  static async create(world: World, options: TestClusterOptions): Promise<TestCluster> {
    const { hosts, isDurable, isTls = false, config = "" } = options;
    const ids = hosts.map(({ number }) => `n${number}`);
    if (isTls) {
      await world.must(["tls", "init", "--dir", world.path("tls"), "--cluster", "e2e"]);
      await world.must(["tls", "issue", ids.join(","), "--dir", world.path("tls")]);
    }
    const files = await Promise.all(ids.map((id) => {
      const tls =
        `[tls]\nca = "tls/ca.crt"\ncertificate = "tls/${id}.crt"\nkey = "tls/${id}.key"\n`;
      const sections = `[management]\ninsecure = true\n${
        isTls ? tls : "[cluster]\ninsecure = true\n"
      }`;
      return world.write(`${id}.toml`, sections + config);
    }));
    const peers = hosts.map(({ number, address }) => `n${number}:${address}:8090`).join(",");
    const nodes = hosts.map((host, index) => {
      const id = `n${host.number}`;
      return new ClusterNode(world, host, [
        ...[
          "node",
          "start",
          "-o",
          "json",
          "--config",
          files[index] ?? "",
          "--node-id",
          id,
          "--peers",
          peers,
        ],
        ...["--host", host.address, "--port", "8090", "--gateway-port", "8091"],
        ...["--management-host", host.management, "--management-port", "8080"],
        ...["--app-host", host.management, "--app-port", "8070"],
        ...(isDurable ? ["--data-dir", world.path(id)] : []),
      ]);
    });
    return new TestCluster(nodes);
  }

  /** A node by its number, from 1. */
  node(number: number): ClusterNode {
    const node = this.nodes[number - 1];
    if (node === undefined) throw new Error(`There is no node ${number}`);
    return node;
  }

  /** Starts all nodes that do not run and waits until they serve. */
  async start(): Promise<void> {
    for (const node of this.nodes) if (!node.isRunning) node.launch();
    await Promise.all(this.nodes.map((node) => node.ready()));
  }

  /** Waits until every node takes a write; answers how long that took, and for a majority. */
  async writable(timeoutMs = 20_000): Promise<{ majorityMs: number; allMs: number }> {
    const startMs = performance.now();
    const tookMs: number[] = [];
    await Promise.all(this.nodes.map((node) =>
      until(`${node.id} takes a write`, async () => {
        const status = await node.put(`probe/${node.id}`, String(startMs), 1_000);
        if (status !== 200) return undefined;
        tookMs.push(performance.now() - startMs);
        return true;
      }, timeoutMs)
    ));
    const majority = Math.floor(this.nodes.length / 2) + 1;
    return {
      majorityMs: Math.round(tookMs[majority - 1] ?? 0),
      allMs: Math.round(Math.max(...tookMs)),
    };
  }

  /** Waits until every node says that it is ready: before that, not all may be voting again. */
  async ready(timeoutMs = 30_000): Promise<void> {
    await Promise.all(this.nodes.map((node) =>
      until(`${node.id} is ready`, async () => {
        const { status } = await node.request("/health/ready");
        return status === 200 || undefined;
      }, timeoutMs)
    ));
  }

  /** Who leads, as a node says; undefined when it does not know. */
  async leader(seenBy: ClusterNode): Promise<ClusterNode | undefined> {
    const view = await seenBy.json<{ nodes: { id: string; leader: boolean }[] }>("/api/nodes");
    const id = view?.nodes.find(({ leader }) => leader)?.id;
    return this.nodes.find((node) => node.id === id);
  }
}
