/**
 * What the storage thread is, but for the thread: links, lines and services of one node.
 *
 * `main.ts` runs it in a worker; tests run it where they are.
 *
 * @module
 */
import { formatAddress, type Transport } from "../base/transport/transport.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import { GatewayCalls } from "../io/calls/gateway_calls.ts";
import { ThreadLine } from "../io/thread/thread_line.ts";
import type { Config } from "../protocol/config/config.ts";
import {
  type StorageTopology,
  type StorageUser,
  topologyTopic,
} from "../protocol/thread/storage.ts";
import type { Logger } from "../sdk/logger.ts";
import { StoragePeers } from "./peers.ts";
import type { StorageService } from "./service.ts";
import { storageServices } from "./services.ts";

/** What it is opened with. */
export interface StorageNodeOptions {
  readonly config: Config;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** The storage of one node. */
export class StorageNode {
  /** Changes with {@link StorageNode.configure}. */
  #config: Config;
  readonly #options: StorageNodeOptions;
  readonly #peers: StoragePeers;
  readonly #lines = {
    control: new ThreadLine("control"),
    resources: new ThreadLine("resources"),
  };
  readonly #calls = new GatewayCalls();
  readonly #services: StorageService[] = [];
  #topology: StorageTopology = { revision: 0, cluster: "", members: [], view: undefined };

  private constructor(options: StorageNodeOptions) {
    const { config, transport, clock, log } = options;
    this.#config = config;
    this.#options = options;
    this.#peers = new StoragePeers({ node: config.node.id, transport, clock, log });
  }

  /**
   * Opens all services.
   *
   * @throws {AetherError} STORAGE_FAILED
   */
  static async open(options: StorageNodeOptions): Promise<StorageNode> {
    const node = new StorageNode(options);
    await node.#open();
    return node;
  }

  /** Takes links of other nodes, if it has peers; answers the address, "" without. */
  async listen(): Promise<string> {
    if (this.#config.cluster.peers.length === 0) return "";
    return formatAddress(await this.#options.transport.listen(this.#peers.accept));
  }

  /** Takes the line to another thread, at its start and after its restart. */
  connect(user: StorageUser, port: MessagePort): void {
    if (user === "gateway") this.#calls.connect(port);
    else this.#lines[user].connect(port);
  }

  /** Takes over what was changed while the node runs. */
  configure(config: Config): void {
    this.#config = config;
  }

  /** Finishes and closes everything. */
  async close(): Promise<void> {
    for (const service of this.#services.splice(0).reverse()) await service.close();
    await this.#peers.close();
    this.#calls.close();
    for (const line of Object.values(this.#lines)) line.close();
  }

  async #open(): Promise<void> {
    const { config, clock, random, log } = this.#options;
    const host = {
      node: config.node.id,
      config: () => this.#config,
      clock,
      random,
      log,
      peers: this.#peers,
      lines: this.#lines,
      calls: this.#calls,
      topology: () => this.#topology,
    };
    for (const open of storageServices) this.#services.push(await open(host));
    this.#lines.control.handle(topologyTopic, (topology: StorageTopology) => {
      this.#topology = topology;
      this.#peers.follow(topology);
      for (const service of this.#services) service.onTopology?.(topology);
    });
  }
}
