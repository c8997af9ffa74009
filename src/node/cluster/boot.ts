/**
 * How a node comes into its cluster at the start: from its data directory, alone, or with its peers.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { Storage } from "../../base/storage.ts";
import { formatAddress } from "../../base/transport/transport.ts";
import { FileStorage } from "../../io/file_storage.ts";
import { listenError } from "../../io/listen_error.ts";
import { DataDirectory, readMeta } from "../../io/log/data_directory.ts";
import { tcpTransport } from "../../io/tcp_transport.ts";
import { decideForming, type FormingDecision } from "../../membership/forming.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { PeerFrame } from "../../protocol/peer/frame.ts";
import type { Hello, NodeAddress } from "../../protocol/peer/hello.ts";
import type { Logger } from "../../sdk/logger.ts";
import { Cluster } from "./cluster.ts";
import type { Genesis } from "./genesis.ts";
import { PeerLinks } from "./peer_links.ts";
import { blankNode, type RecoveredNode, recoverNode } from "./recovery.ts";
import { ReplicatedStore } from "./replicated_store.ts";

const waitNoticeMs = 5_000;

/** What a start needs. */
export interface BootOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The disk failed: the node must stop. */
  onFailure(error: AetherError): void;
}

/** A started member, with the address of its cluster port. */
export interface BootedCluster {
  readonly cluster: Cluster;
  readonly address: string;
}

/**
 * Starts the node's part in its cluster; waits, as long as it takes, for peers to form one.
 *
 * @throws {AetherError} STORAGE_*, FILE_UNREADABLE, PORT_TAKEN or CONFIG_INVALID.
 */
export async function bootCluster(options: BootOptions): Promise<BootedCluster> {
  const { dataDir } = options.config.node;
  const storage = dataDir === undefined ? undefined : await FileStorage.open(dataDir);
  try {
    return await new Boot(options, storage).run();
  } catch (error) {
    await storage?.close();
    throw error;
  }
}

class Boot {
  readonly #options: BootOptions;
  readonly #storage: Storage | undefined;
  readonly #bootNonce: string;
  readonly #heard = new Map<string, Hello>();
  readonly #early: [string, PeerFrame][] = [];
  #links: PeerLinks | undefined;
  #address = "";
  #genesis: Genesis | undefined;
  #cluster: Cluster | undefined;
  #onHeard: () => void = () => {};

  constructor(options: BootOptions, storage: Storage | undefined) {
    this.#options = options;
    this.#storage = storage;
    this.#bootNonce = toHex(options.random.bytes(16));
  }

  async run(): Promise<BootedCluster> {
    const meta = this.#storage === undefined ? undefined : await readMeta(this.#storage);
    if (meta !== undefined) return await this.#continue();
    const { config } = this.#options;
    if (config.cluster.peers.length === 0) return await this.#formAlone();
    await this.#listen();
    const decision = await this.#waitForPeers();
    if (decision.type === "form") return await this.#form(decision.nonces);
    const { cluster, founders, nonces } = decision;
    this.#options.log.info("The node joins its cluster again, with nothing from before", {
      cluster,
    });
    return await this.#begin({ cluster, founders, nonces }, this.#bootNonce);
  }

  /** Goes on from the data directory. */
  async #continue(): Promise<BootedCluster> {
    const data = await this.#openData("");
    const recovered = recoverNode(data, this.#aloneGenesis(data.meta.clusterId));
    const genesis = recovered.genesis ?? this.#aloneGenesis(data.meta.clusterId);
    this.#genesis = genesis;
    const voters = recovered.configurations.at(-1)?.members ?? [];
    // Listening is what makes growth possible, so a node that is alone listens too.
    await this.#listen();
    this.#options.log.info("The node goes on from its data directory", {
      cluster: genesis.cluster,
      voters,
    });
    return this.#start(genesis, recovered, data, undefined);
  }

  async #formAlone(): Promise<BootedCluster> {
    await this.#listen();
    return await this.#begin(this.#aloneGenesis(clusterIdOf([this.#bootNonce])), undefined);
  }

  async #form(nonces: readonly string[]): Promise<BootedCluster> {
    const founders = this.#founders();
    const cluster = clusterIdOf(nonces);
    this.#options.log.info("The cluster forms", { cluster, nodes: founders.map(({ id }) => id) });
    return await this.#begin({ cluster, founders, nonces }, undefined);
  }

  async #begin(genesis: Genesis, rejoinNonce: string | undefined): Promise<BootedCluster> {
    const data = this.#storage === undefined ? undefined : await this.#openData(genesis.cluster);
    this.#genesis = genesis;
    return this.#start(genesis, blankNode(genesis), data, rejoinNonce);
  }

  #start(
    genesis: Genesis,
    recovered: RecoveredNode,
    data: DataDirectory | undefined,
    rejoinNonce: string | undefined,
  ): BootedCluster {
    const { config, clock, random, log, onFailure } = this.#options;
    const node = config.node.id;
    const store = new ReplicatedStore({
      node,
      genesis,
      recovered,
      data,
      links: this.#links,
      clock,
      random,
      log,
      maxBytes: config.store.maxBytes,
      snapshotEveryBytes: config.store.snapshotEveryBytes,
      ...(rejoinNonce === undefined ? {} : { rejoinNonce }),
      onNeedSnapshot: (from) => {
        cluster.installSnapshot(from);
      },
      onFailure,
    });
    const cluster = new Cluster({ node, genesis, store, links: this.#links, clock, log });
    this.#cluster = cluster;
    cluster.start();
    // From now on this node is a member, which the others want to know.
    this.#links?.greetAgain();
    for (const [from, frame] of this.#early.splice(0)) cluster.onFrame(from, frame);
    return { cluster, address: this.#address };
  }

  async #openData(clusterId: string): Promise<DataDirectory> {
    const nodeId = this.#options.config.node.id;
    if (this.#storage === undefined) throw new AetherError("INTERNAL", "There is no directory");
    return await DataDirectory.open(this.#storage, {
      nodeId,
      create: () => ({ clusterId, nodeId }),
    });
  }

  async #listen(): Promise<void> {
    const { config, clock, random, log } = this.#options;
    const { host, port } = config.cluster;
    const transport = tcpTransport({ hostname: host, port });
    const links = new PeerLinks({
      transport,
      clock,
      random,
      log,
      hello: () => this.#hello(),
      onHello: (hello) => {
        this.#heard.set(hello.node, hello);
        this.#cluster?.onHello(hello);
        this.#onHeard();
      },
      onFrame: (from, frame) => this.#onFrame(from, frame),
      onRefused: (node) => this.#cluster?.onRefused(node),
    });
    try {
      this.#address = formatAddress(await links.listen());
    } catch (error) {
      if (toAetherError(error).name === "PORT_TAKEN") throw error;
      throw listenError(error, "cluster", config.cluster);
    }
    this.#links = links;
    links.follow(this.#founders());
  }

  #onFrame(from: string, frame: PeerFrame): void {
    if (this.#cluster !== undefined) this.#cluster.onFrame(from, frame);
    // Others may have formed a moment earlier; consensus retransmits what does not fit here.
    else if (this.#early.length < 1_000) this.#early.push([from, frame]);
  }

  /** Waits until the peers say enough to form or to rejoin. */
  #waitForPeers(): Promise<Extract<FormingDecision, { type: "form" | "rejoin" }>> {
    const { clock, log } = this.#options;
    return new Promise((resolve, reject) => {
      let missing = "";
      const notice = () => {
        log.info("Waiting for peers to form the cluster", { missing });
        timer = clock.setTimer(waitNoticeMs, notice);
      };
      let timer = clock.setTimer(waitNoticeMs, notice);
      this.#onHeard = () => {
        const decision = decideForming(this.#hello(), this.#heard);
        if (decision.type === "wait") {
          missing = decision.for.join(", ");
          return;
        }
        timer.cancel();
        this.#onHeard = () => {};
        if (decision.type !== "mismatch") resolve(decision);
        else reject(mismatch(decision, this.#founders()));
      };
      this.#onHeard();
    });
  }

  #hello(): Hello {
    const genesis = this.#genesis;
    return {
      node: this.#options.config.node.id,
      address: this.#address,
      stage: genesis === undefined ? "blank" : "member",
      bootNonce: this.#bootNonce,
      cluster: genesis?.cluster ?? "",
      founders: genesis?.founders ?? this.#founders(),
      founderNonces: genesis?.nonces ?? [],
    };
  }

  /** The nodes that form the cluster: the configured peers, with this node among them. */
  #founders(): NodeAddress[] {
    const { node, cluster } = this.#options.config;
    const peers = cluster.peers.map(({ id, host, port }) => ({
      id,
      address: formatAddress({ hostname: host, port }),
    }));
    if (!peers.some(({ id }) => id === node.id)) {
      peers.push({ id: node.id, address: this.#address });
    }
    return peers.sort((a, b) => a.id < b.id ? -1 : 1);
  }

  #aloneGenesis(cluster: string): Genesis {
    const { id } = this.#options.config.node;
    const founders = [{ id, address: this.#address }];
    return { cluster, founders, nonces: [this.#bootNonce] };
  }
}

function mismatch(
  decision: Extract<FormingDecision, { type: "mismatch" }>,
  own: readonly NodeAddress[],
): AetherError {
  return new AetherError(
    "CONFIG_INVALID",
    `Node ${decision.peer} lists the peers ${decision.theirs.join(", ")}, but this node lists ` +
      own.map(({ id }) => id).join(", "),
    { hint: "Give all founders the same cluster.peers" },
  );
}

function clusterIdOf(nonces: readonly string[]): string {
  return createHash("sha256").update(nonces.join("|")).digest("hex").slice(0, 32);
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
