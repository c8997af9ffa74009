/**
 * The control thread's composition: store, repository, blueprints, leader and agent of one node.
 *
 * It knows nothing of HTTP; the management API in src/api is built on it.
 *
 * @module
 */
import { ArtifactRepository } from "../../artifact/repository.ts";
import type { Clock } from "../../base/clock.ts";
import { AetherError, type Problem } from "../../base/errors.ts";
import { MemoryStorage } from "../../base/storage.ts";
import { type Ceiling, requireCeiling } from "../../deployment/ceiling.ts";
import { systemClock } from "../../io/clock.ts";
import { buildInfo } from "../../io/entry.ts";
import { FileStorage } from "../../io/file_storage.ts";
import { DataDirectory } from "../../io/log/data_directory.ts";
import { createNodeLogger } from "../../io/node_log.ts";
import type { Config } from "../../protocol/config/config.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { keys } from "../../protocol/keys.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type {
  Addresses,
  ControlToGateway,
  FromControl,
  GatewayToControl,
  RouteSnapshot,
} from "../../protocol/thread/threads.ts";
import { ResourceServer } from "../../resource/resource_server.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { StoreChange } from "../../store/state.ts";
import { Agent } from "./agent.ts";
import { Blueprints } from "./blueprints.ts";
import { SliceCatalog } from "./catalog.ts";
import { Leader } from "./leader.ts";
import { routeSnapshot } from "./routes.ts";
import { StoreDriver } from "./store_driver.ts";

const routeKeys = [keys.target.prefix, keys.blueprint.prefix, keys.instance.prefix];

/** What control is opened with. */
export interface ControlOptions {
  readonly config: Config;
  /** Talks to the supervisor. */
  post(message: FromControl, transfer?: Transferable[]): void;
}

/** One node's control. */
export class Control {
  readonly config: Config;
  readonly log: Logger;
  readonly store: StoreDriver;
  readonly catalog: SliceCatalog;
  readonly blueprints: Blueprints;
  readonly clock: Clock = systemClock();
  readonly startedAtMs: number = this.clock.monotonicMs();
  readonly #options: ControlOptions;
  readonly #resources = new Map<string, ResourceServer>();
  readonly #storages: { close(): Promise<void> }[];
  #gateway: MessagePort | undefined;
  #agent: Agent | undefined;
  #leader: Leader | undefined;
  #addresses: Addresses = { cluster: "", management: "", app: "" };
  #unsubscribe = () => {};
  #appliedRevision = -1;

  private constructor(options: ControlOptions, parts: OpenedParts) {
    const { config } = options;
    this.#options = options;
    this.config = config;
    this.log = createNodeLogger(config.log, "control");
    this.store = parts.store;
    this.catalog = parts.catalog;
    this.#storages = parts.storages;
    this.blueprints = new Blueprints(this.store, this.catalog, ceilingOf(config));
  }

  /**
   * Opens the data directory and the repository.
   *
   * @throws {AetherError} STORAGE_* or FILE_UNREADABLE.
   */
  static async open(options: ControlOptions): Promise<Control> {
    const { config, post } = options;
    const { dataDir, id } = config.node;
    const onFailure = (error: AetherError) => post({ type: "failed", problem: error.toProblem() });
    const data = dataDir === undefined ? undefined : await DataDirectory.open(dataDir, {
      nodeId: id,
      create: () => ({ clusterId: crypto.randomUUID(), nodeId: id }),
    });
    const artifacts = dataDir === undefined
      ? new MemoryStorage()
      : await FileStorage.open(`${dataDir}/artifacts`);
    const store = new StoreDriver({
      node: id,
      data,
      maxBytes: config.store.maxBytes,
      snapshotEveryBytes: config.store.snapshotEveryBytes,
      onFailure,
    });
    const catalog = new SliceCatalog(await ArtifactRepository.open(artifacts));
    return new Control(options, { store, catalog, storages: [artifacts] });
  }

  /** Where this node listens. */
  get addresses(): Addresses {
    return this.#addresses;
  }

  /** Revision of the routes that the gateway serves. */
  get appliedRevision(): number {
    return this.#appliedRevision;
  }

  /** The routes as of now. */
  get routes(): RouteSnapshot {
    const { id } = this.config.node;
    return routeSnapshot(this.store.state, id, (artifact) => this.catalog.manifest(artifact));
  }

  /** Why each slice is where it is; see the reconciler. */
  get trace(): Leader["trace"] {
    return this.#leader?.trace ?? [];
  }

  /** Connects the gateway, and after its restart again. */
  connectGateway(port: MessagePort): void {
    this.#gateway?.close();
    this.#gateway = port;
    port.onmessage = (event: MessageEvent<GatewayToControl>) => {
      const message = event.data;
      if (message.type === "applied") this.#appliedRevision = message.revision;
      else this.#agent?.onDrained(message.instance);
    };
    this.#sendRoutes();
    this.#agent?.onGatewayRestart();
  }

  /** Takes part: registers the node, runs what is assigned to it, and leads. */
  async start(addresses: Addresses): Promise<void> {
    this.#addresses = addresses;
    await this.catalog.load();
    this.#unsubscribe = this.store.onChange((change) => this.#onChange(change));
    const agent = this.#createAgent();
    this.#agent = agent;
    await this.#register();
    await agent.start();
    this.#leader = new Leader({
      store: this.store,
      clock: this.clock,
      log: this.log,
      instancesPerNode: Math.max(1, navigator.hardwareConcurrency),
    });
    this.#sendRoutes();
  }

  /** Leads and follows nothing any more; instances may still end. */
  stop(): void {
    this.#leader?.stop();
    this.#agent?.stop();
    this.#unsubscribe();
  }

  /** Closes the store; nothing can be written afterwards. */
  async close(): Promise<void> {
    this.stop();
    for (const server of this.#resources.values()) server.close();
    this.#gateway?.close();
    await this.store.close();
    for (const storage of this.#storages) await storage.close();
  }

  /** The supervisor says that an instance serves. */
  onInstanceReady(instance: string): void {
    this.#agent?.onReady(instance);
  }

  /** The supervisor says that an instance has ended. */
  onInstanceEnded(instance: string, problem: Problem | undefined): void {
    this.#agent?.onEnded(instance, problem);
  }

  #createAgent(): Agent {
    const ceiling = ceilingOf(this.config);
    return new Agent({
      node: this.config.node.id,
      store: this.store,
      clock: this.clock,
      log: this.log,
      open: (artifact) => this.catalog.open(artifact),
      checkCeiling: (manifest) => requireCeiling([manifest], ceiling),
      serveResources: (instance, manifest) => this.#serveResources(instance, manifest),
      endResources: (instance) => {
        this.#resources.get(instance)?.close();
        this.#resources.delete(instance);
      },
      drain: (instance) => this.#postGateway({ type: "drain", instance }),
      post: this.#options.post,
    });
  }

  #serveResources(instance: string, manifest: Manifest): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const kvNames = new Set(
      manifest.definition.resources.filter(({ type }) => type === "kv").map(({ name }) => name),
    );
    const server = new ResourceServer({
      port: port1,
      artifactBase: artifactBase(manifest.artifact),
      kvNames,
      store: this.store,
      log: createNodeLogger(this.config.log, instance),
    });
    this.#resources.set(instance, server);
    return port2;
  }

  async #register(): Promise<void> {
    const { id } = this.config.node;
    const operation = keys.member.put(keys.member.key(id), {
      id,
      state: "ON_DUTY",
      version: buildInfo().version,
      incarnation: this.store.incarnation,
      addresses: this.#addresses,
    });
    await this.store.propose("node", { compare: [], then: [operation], otherwise: [] });
  }

  #onChange(change: StoreChange): void {
    const matters = change.events.some(({ key }) =>
      routeKeys.some((prefix) => key.startsWith(prefix))
    );
    if (matters) this.#sendRoutes();
  }

  #sendRoutes(): void {
    this.#postGateway({ type: "routes", snapshot: this.routes });
  }

  #postGateway(message: ControlToGateway): void {
    this.#gateway?.postMessage(message);
  }
}

interface OpenedParts {
  readonly store: StoreDriver;
  readonly catalog: SliceCatalog;
  readonly storages: { close(): Promise<void> }[];
}

function ceilingOf(config: Config): Ceiling {
  return { ...config.sandbox.max, clusterHosts: config.cluster.peers.map(({ host }) => host) };
}
