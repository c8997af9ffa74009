/**
 * How a node comes into its cluster at the start: from its data directory, alone, or with its
 * peers.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { Storage } from "../../base/storage.ts";
import { type Address, formatAddress, type Transport } from "../../base/transport/transport.ts";
import { FileStorage } from "../../io/file_storage.ts";
import { listenError } from "../../io/listen_error.ts";
import { DataDirectory, metaName, readMeta } from "../../io/log/data_directory.ts";
import { isSegmentName } from "../../io/log/segment_files.ts";
import { openPeerTransport } from "../../io/tls/peer_transport.ts";
import { decideForming, type FormingDecision, mismatchError } from "../../membership/forming.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { PeerFrame } from "../../protocol/peer/frame.ts";
import type { Hello, NodeAddress } from "../../protocol/peer/hello.ts";
import type { Logger } from "../../sdk/logger.ts";
import { Cluster } from "./cluster.ts";
import { JoinServer } from "../join/join_server.ts";
import { Departure } from "./members/departure.ts";
import { clusterIdOf, type Genesis } from "./genesis.ts";
import { PeerLinks } from "./peer_links.ts";
import { blankNode, firstRecords, type RecoveredNode, recoverNode } from "./recovery.ts";
import { ReplicatedStore } from "./replicated_store.ts";

const waitNoticeMs = 5_000;
/** Without heartbeats yet, this keeps links from counting as silent. */
const greetEveryMs = 300;
const earlyFramesMax = 256;
/** What a snapshot may take beside the store's limit: what is not limited, and sessions. */
const snapshotOverheadBytes = 256 * 1024 * 1024;

/** What a start needs. */
export interface BootOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Makes the transport that listens on an address. @default what the configuration asks for */
  readonly transport?: (address: Address) => Transport | Promise<Transport>;
  /** Opens a data directory. @default a folder of the machine */
  readonly openStorage?: (directory: string) => Promise<Storage>;
  /** The node must stop: the disk failed, another process took its id, or it has a bug. */
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
  const { openStorage = FileStorage.open } = options;
  const storage = dataDir === undefined ? undefined : await openStorage(dataDir);
  const boot = new Boot(options, storage);
  try {
    return await boot.run();
  } catch (error) {
    await boot.abandon();
    throw error;
  }
}

class Boot {
  readonly #options: BootOptions;
  readonly #storage: Storage | undefined;
  readonly #bootNonce: string;
  readonly #early: [string, PeerFrame][] = [];
  #links: PeerLinks | undefined;
  #address = "";
  #genesis: Genesis | undefined;
  #cluster: Cluster | undefined;
  #joins: JoinServer | undefined;
  readonly #departure = new Departure();
  /** Nodes that have sent more than a greeting on their present link. */
  readonly #talking = new Set<string>();
  #onHeard: () => void = () => {};

  constructor(options: BootOptions, storage: Storage | undefined) {
    this.#options = options;
    this.#storage = storage;
    this.#bootNonce = toHex(options.random.bytes(16));
  }

  async run(): Promise<BootedCluster> {
    const meta = this.#storage === undefined ? undefined : await readMeta(this.#storage);
    const { config } = this.#options;
    if (meta !== undefined) {
      const data = await this.#openData("");
      if (config.cluster.peers.length === 0 || !isUnfinished(data)) {
        return await this.#continue(data);
      }
      await this.#forget(data);
    }
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

  /** Gives everything free when the start has failed. */
  async abandon(): Promise<void> {
    await this.#links?.close();
    await this.#storage?.close();
  }

  /** Goes on from the data directory. */
  async #continue(data: DataDirectory): Promise<BootedCluster> {
    const { clusterId } = data.meta;
    const recovered = recoverNode(data, this.#aloneGenesis(clusterId));
    this.#genesis = recovered.genesis ?? this.#aloneGenesis(clusterId);
    // Listening is what makes growth possible, so a node that is alone listens too.
    await this.#listen();
    // Where it listens is known only now.
    const genesis = recovered.genesis ?? this.#aloneGenesis(clusterId);
    this.#genesis = genesis;
    this.#options.log.info("The node goes on from its data directory", {
      cluster: genesis.cluster,
      voters: recovered.configurations.at(-1)?.members ?? [],
    });
    // Cut off while it abstained, it must not forget that it does.
    const rejoinNonce = recovered.isAbstaining ? this.#bootNonce : undefined;
    return this.#start(genesis, recovered, data, rejoinNonce);
  }

  /**
   * Empties a directory that a node made when its cluster formed, and in which nothing has become
   * durable: it has taken part in nothing, and does not know with whom it formed.
   */
  async #forget(data: DataDirectory): Promise<void> {
    this.#options.log.info("The data directory was made but never used; the node begins anew");
    await data.log.close();
    // Identity last: without it, a log would be taken for damage.
    const names = await this.#storage?.list() ?? [];
    for (const name of names.filter(isSegmentName)) await this.#storage?.remove(name);
    await this.#storage?.remove(metaName);
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
    if (data !== undefined) {
      for (const { type, body } of firstRecords(genesis, rejoinNonce !== undefined)) {
        data.log.append(type, body);
      }
      // Before anybody hears of it: a node that forgot its cluster would go on alone.
      await data.log.sync();
    }
    const blank = { ...blankNode(genesis), hasGenesis: true };
    return this.#start(genesis, blank, data, rejoinNonce);
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
      historyRevisions: config.store.historyRevisions,
      ...(rejoinNonce === undefined ? {} : { rejoinNonce }),
      onNeedSnapshot: (from) => {
        cluster.installSnapshot(from);
      },
      onFailure,
    });
    const cluster = new Cluster({
      node,
      genesis,
      store,
      links: this.#links,
      clock,
      log,
      answerBytesMax: 2 * config.store.maxBytes + snapshotOverheadBytes,
      peers: this.#founders(),
      onRemoved: () => onFailure(removedError(node)),
    });
    this.#cluster = cluster;
    this.#joins = new JoinServer({ ...this.#options, store });
    // From now on this node is a member; until the others know, they do not believe it.
    this.#links?.greetAgain();
    cluster.start();
    for (const [from, frame] of this.#early.splice(0)) {
      // What somebody said before, who turned out to be of another cluster, is not for this one.
      if (this.#links?.helloOf(from)?.cluster === genesis.cluster) cluster.onFrame(from, frame);
    }
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
    const {
      transport = (address: Address) =>
        openPeerTransport(address, {
          ...this.#options,
          onJoin: (link) => this.#joins === undefined ? link.close() : this.#joins.serve(link),
        }),
    } = this.#options;
    const links = new PeerLinks({
      transport: await transport({ hostname: host, port }),
      clock,
      random,
      log,
      hello: () => this.#hello(),
      onHello: (hello) => {
        this.#departure.accepted(hello.node);
        this.#cluster?.onHello(hello);
        this.#onHeard();
      },
      objectionTo: (hello) => this.#cluster?.members.objectionTo(hello),
      onRefusedBy: (node, { code }) => {
        if (code === "removed") this.#departure.refused(node);
        this.#cluster?.onRefusedBy(node, code);
        this.#onHeard();
      },
      onFrame: (from, frame) => this.#onFrame(from, frame),
      onRefused: (node) => this.#cluster?.onRefused(node),
      onLost: (node) => {
        this.#talking.delete(node);
        this.#cluster?.onLost(node);
      },
    });
    this.#links = links;
    try {
      this.#address = this.#reachable(await links.listen());
    } catch (error) {
      if (toAetherError(error).name === "PORT_TAKEN") throw error;
      throw listenError(error, "cluster", config.cluster);
    }
    links.follow(this.#founders());
  }

  /** An address that others can call: "all addresses" is none. */
  #reachable(listening: Address): string {
    const { node, cluster } = this.#options.config;
    const own = cluster.peers.find(({ id }) => id === node.id);
    const isAny = listening.hostname === "0.0.0.0" || listening.hostname === "::";
    return isAny && own !== undefined
      ? formatAddress({ hostname: own.host, port: own.port })
      : formatAddress(listening);
  }

  #onFrame(from: string, frame: PeerFrame): void {
    if (this.#cluster !== undefined) return this.#cluster.onFrame(from, frame);
    // Others may have formed a moment earlier; consensus retransmits what does not fit here.
    if (this.#early.length < earlyFramesMax) this.#early.push([from, frame]);
    if (this.#talking.has(from)) return;
    this.#talking.add(from);
    this.#onHeard();
  }

  /** Waits until the peers say enough to form or to rejoin. */
  #waitForPeers(): Promise<Extract<FormingDecision, { type: "form" | "rejoin" }>> {
    const { clock, log } = this.#options;
    return new Promise((resolve, reject) => {
      let noticeAtMs = clock.monotonicMs() + waitNoticeMs;
      let timer: Timer | undefined;
      const self = this.#options.config.node.id;
      const look = () => {
        const others = this.#founders().map(({ id }) => id).filter((id) => id !== self);
        if (this.#departure.isShutOut(others)) {
          timer?.cancel();
          this.#onHeard = () => {};
          return reject(removedError(self));
        }
        const decision = decideForming(this.#hello(), this.#heardNow());
        if (decision.type !== "wait") {
          timer?.cancel();
          this.#onHeard = () => {};
          if (decision.type !== "mismatch") resolve(decision);
          else reject(mismatchError(decision, this.#founders()));
          return;
        }
        if (clock.monotonicMs() < noticeAtMs) return;
        noticeAtMs = clock.monotonicMs() + waitNoticeMs;
        log.info("Waiting for peers to form the cluster", { missing: decision.for.join(", ") });
      };
      const again = () => {
        this.#links?.greetAgain();
        timer = clock.setTimer(greetEveryMs, again);
        look();
      };
      this.#onHeard = look;
      again();
    });
  }

  /**
   * What the founders say that are linked at this moment. A member has let this node in when it
   * sends more than its greeting.
   */
  #heardNow(): Map<string, Hello> {
    const heard = new Map<string, Hello>();
    for (const { id } of this.#founders()) {
      const hello = this.#links?.helloOf(id);
      const isIn = hello?.stage === "blank" || this.#talking.has(id) ||
        hello?.founderNonces.includes(this.#bootNonce);
      if (hello !== undefined && isIn) heard.set(id, hello);
    }
    return heard;
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

/** Whether a directory holds nothing but an identity. */
function isUnfinished(data: DataDirectory): boolean {
  return data.snapshot === undefined && data.records.length === 0 && data.log.nextIndex === 1;
}

function removedError(node: string): AetherError {
  return new AetherError("NODE_REMOVED", `Node "${node}" was removed from this cluster`);
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
