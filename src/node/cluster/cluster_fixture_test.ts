import { setImmediate } from "node:timers";
import { ManualClock } from "../../base/clock.ts";
import type { AetherError } from "../../base/errors.ts";
import { SeededRandom } from "../../base/random.ts";
import { type AppendFile, MemoryStorage, type OpenAppendOptions } from "../../base/storage.ts";
import { MemoryNetwork } from "../../base/transport/memory_network.ts";
import type { Transport } from "../../base/transport/transport.ts";
import { resolveConfig } from "../../protocol/config/config.ts";
import { keys } from "../../protocol/keys.ts";
import { userPrefix } from "../../protocol/store/user_key.ts";
import type { Applied, Compare } from "../../protocol/store/command.ts";
import { createLogger, type Logger } from "../../sdk/logger.ts";
import { bootCluster } from "./boot.ts";
import type { Cluster, ClusterEvent } from "./cluster.ts";

/** What a test cluster is made of. */
export interface TestClusterOptions {
  readonly nodes: readonly string[];
  readonly seed?: string;
  readonly isDurable?: boolean;
  readonly snapshotEveryBytes?: string;
}

/** How a start differs from the usual one. */
export interface OtherStart {
  readonly peers?: readonly string[];
  /** Where it listens and dials from. @default its id */
  readonly host?: string;
}

/** One life of a node of a test cluster. */
export class TestNode {
  readonly id: string;
  /** Set once the node is a member. */
  cluster: Cluster | undefined;
  /** Where others reach it. */
  address = "";
  /** Why the start failed. */
  startError: unknown;
  failure: AetherError | undefined;
  isKilled = false;
  readonly messages: string[] = [];
  readonly events: ClusterEvent[] = [];
  readonly transports: Transport[] = [];

  constructor(id: string) {
    this.id = id;
  }

  get member(): Cluster {
    if (this.cluster === undefined) throw new Error(`${this.id} is no member: ${this.messages}`);
    return this.cluster;
  }

  get log(): Logger {
    return createLogger((level, message, fields) => {
      if (level !== "debug") this.messages.push(`${message} ${JSON.stringify(fields)}`);
    });
  }

  /** Writes a user's key. */
  put(key: string, value: string, compare: readonly Compare[] = []): Promise<Applied> {
    return this.member.store.propose("user", {
      compare,
      then: [{
        type: "put",
        key: userPrefix + key,
        value: new TextEncoder().encode(value),
        contentType: "text/plain",
      }],
      otherwise: [],
    });
  }

  /** Tells the others where this node is, as every node does when it has started. */
  register(): Promise<Applied> {
    const { id, address } = this;
    const addresses = { cluster: address, gateway: "", storage: "", management: "", app: "" };
    const { incarnation } = this.member.store;
    const value = { id, state: "ON_DUTY" as const, version: "0", incarnation, addresses };
    const then = [keys.member.put(keys.member.key(id), value)];
    return this.member.store.propose("node", { compare: [], then, otherwise: [] });
  }

  /** A user's key as this node has it; undefined without it. */
  local(key: string): string | undefined {
    const entry = this.member.store.state.get(userPrefix + key);
    return entry && new TextDecoder().decode(entry.value);
  }

  /** Reads a user's key after a barrier. */
  async get(key: string): Promise<string | undefined> {
    await this.member.store.readBarrier();
    return this.local(key);
  }
}

/** A disk that can stop answering for a while. */
class TestDisk extends MemoryStorage {
  #gate: Promise<void> = Promise.resolve();

  /** Lets no sync end until the returned function is called. */
  hang(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return resolve;
  }

  override async openAppend(name: string, options?: OpenAppendOptions): Promise<AppendFile> {
    const file = await super.openAppend(name, options);
    return {
      name,
      get sizeBytes() {
        return file.sizeBytes;
      },
      append: (bytes) => file.append(bytes),
      sync: async () => {
        await this.#gate;
        await file.sync();
      },
      close: () => file.close(),
    };
  }
}

/** Nodes in this process: their network, disks and time are the test's. */
export class TestCluster {
  readonly clock = new ManualClock();
  readonly network: MemoryNetwork;
  readonly disks = new Map<string, TestDisk>();
  readonly nodes = new Map<string, TestNode>();
  readonly #options: TestClusterOptions;
  readonly #random: SeededRandom;
  #lives = 0;

  constructor(options: TestClusterOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ?? "cluster");
    this.network = new MemoryNetwork(this.clock, options.seed ?? "cluster");
  }

  /** Starts a node; it is a member once its `cluster` is set. */
  start(id: string, other: OtherStart = {}): TestNode {
    const { host = id } = other;
    const { nodes, isDurable = false, snapshotEveryBytes = "64MiB" } = this.#options;
    const node = new TestNode(id);
    this.nodes.set(id, node);
    const config = resolveConfig({
      node: { id, ...(isDurable ? { dataDir: `/${id}` } : {}) },
      cluster: {
        host,
        port: 1,
        insecure: true,
        peers: (other.peers ?? nodes).map((peer) => `${peer}:${peer}:1`),
      },
      store: { snapshotEveryBytes },
    });
    bootCluster({
      config,
      clock: this.clock,
      random: this.#random.split(`${id}/${this.#lives++}`),
      log: node.log,
      transport: (address) => {
        const transport = this.network.transport(address);
        node.transports.push(transport);
        return mortal(transport, node);
      },
      openStorage: () => Promise.resolve(this.disk(id)),
      onFailure: (error) => node.failure ??= error,
    }).then(({ cluster, address }) => {
      node.cluster = cluster;
      node.address = address;
      cluster.onEvent((event) => node.events.push(event));
    }, (error) => {
      node.startError = error;
    });
    return node;
  }

  /** Starts all and waits until they are members. */
  async form(...ids: readonly string[]): Promise<TestNode[]> {
    const started = (ids.length > 0 ? ids : this.#options.nodes).map((id) => this.start(id));
    await this.until("all are members", () => started.every(({ cluster }) => cluster));
    await this.until("there is a leader", () => started.every(({ member }) => member.leader));
    return started;
  }

  /** The disk of a node, which outlives its processes. */
  disk(id: string): TestDisk {
    let disk = this.disks.get(id);
    if (disk === undefined) this.disks.set(id, disk = new TestDisk({}, id));
    return disk;
  }

  node(id: string): TestNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`There is no node ${id}`);
    return node;
  }

  /** Ends a process as kill -9 does; with a power cut, unsynced bytes are lost too. */
  async kill(id: string, how: "process" | "power" = "process"): Promise<void> {
    const node = this.node(id);
    node.isKilled = true;
    const disk = this.disk(id);
    const { faults } = disk;
    disk.faults = how === "process" ? { ...faults, unsynced: "kept" } : faults;
    disk.crash();
    for (const transport of node.transports) await transport.close();
    await node.cluster?.close().catch(() => {});
    node.cluster = undefined;
    disk.faults = faults;
    disk.restart();
  }

  /** Loses everything from one node to others, in both directions. */
  cut(one: string, ...others: readonly string[]): void {
    for (const other of others) {
      this.network.cut(one, other);
      this.network.cut(other, one);
    }
  }

  heal(one: string, ...others: readonly string[]): void {
    for (const other of others) {
      this.network.heal(one, other);
      this.network.heal(other, one);
    }
  }

  /** Lets time pass. */
  async pass(durationMs: number): Promise<void> {
    for (let passed = 0; passed < durationMs; passed++) {
      this.clock.advance(1);
      await turn();
    }
  }

  /** Lets time pass until something is so; throws when it takes too long. */
  async until(what: string, check: () => unknown, timeoutMs = 10_000): Promise<number> {
    for (let passed = 0; passed <= timeoutMs; passed++) {
      if (check()) return passed;
      await this.pass(1);
    }
    const messages = [...this.nodes.values()].map((node) =>
      `${node.id}: ${String(node.startError ?? "")}\n${node.messages.slice(-8).join("\n")}`
    );
    throw new Error(`It did not happen in ${timeoutMs} ms: ${what}\n${messages.join("\n")}`);
  }

  /** Lets time pass until a promise is settled. */
  async settled<T>(promise: Promise<T>, timeoutMs = 10_000): Promise<T> {
    let isSettled = false;
    const watch = () => {
      isSettled = true;
    };
    promise.then(watch, watch);
    await this.until("the promise is settled", () => isSettled, timeoutMs);
    return await promise;
  }

  /** Ends everything. */
  async close(): Promise<void> {
    for (const id of this.nodes.keys()) await this.kill(id);
  }
}

/** The dead do not call. */
function mortal(transport: Transport, node: TestNode): Transport {
  return {
    listen: (onLink) => transport.listen(onLink),
    dial: (address, options) =>
      node.isKilled ? new Promise(() => {}) : transport.dial(address, options),
    close: () => transport.close(),
  };
}

/** Lets everything happen that needs no time. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A test with a cluster of its own. */
export function clusterTest(
  name: string,
  options: TestClusterOptions,
  run: (cluster: TestCluster) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const cluster = new TestCluster(options);
    try {
      await run(cluster);
    } finally {
      await cluster.close();
    }
  });
}
