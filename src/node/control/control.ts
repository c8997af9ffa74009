/**
 * The control thread's composition: store, repository, blueprints, leader and agent of one node.
 *
 * It knows nothing of HTTP; the management API in src/api is built on it.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { toAetherError } from "../../base/errors.ts";
import { systemClock } from "../../io/clock.ts";
import { buildInfo } from "../../io/entry.ts";
import { createNodeLogger } from "../../io/node_log.ts";
import { systemRandom } from "../../io/random.ts";
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import type { Config } from "../../protocol/config/config.ts";
import { type ConfigOrigin, knownConfig } from "../../protocol/config/overlay.ts";
import { keys } from "../../protocol/keys.ts";
import type {
  Addresses,
  FromControl,
  InheritedInstance,
  InstanceUsage,
  RouteSnapshot,
  ToControl,
} from "../../protocol/thread/threads.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { StoreChange } from "../../store/state.ts";
import { NodeBackups } from "../backup/node_backups.ts";
import { bootCluster } from "../cluster/boot.ts";
import type { Cluster, ClusterEvent } from "../cluster/cluster.ts";
import { Membership } from "../cluster/members/membership.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { depart } from "../deploy/departure.ts";
import { Deployment } from "../deploy/deployment.ts";
import { Registration } from "../deploy/registration.ts";
import { GatewayLink } from "../links/gateway_link.ts";
import { RoutingBarrier } from "../deploy/routing_barrier.ts";
import { instanceTimes, requireDeployable } from "../deploy/operator_limits.ts";
import { Schedules } from "../schedule/schedules.ts";
import { Agent } from "./agent.ts";
import { CallFigures } from "../figures/call_figures.ts";
import type { SliceCatalog } from "./catalog.ts";
import { Topics } from "../messaging/topics.ts";
import { NodeArtifacts } from "../artifacts/node_artifacts.ts";
import { ConfigOverlay } from "./config_overlay.ts";
import { sizingOptions } from "../sizing/sizing_options.ts";
import { Duties } from "./duties.ts";
import { Locks } from "./locks.ts";
import { NodeResources } from "./node_resources.ts";
import { isRouteKey, routeSnapshot } from "./routes.ts";

const joinRetryMs = 500;

type InstanceEnd = Extract<ToControl, { readonly type: "instanceEnded" }>;

/** What control is opened with. */
export interface ControlOptions {
  readonly config: Config;
  /** Where its values come from. */
  readonly origin?: ConfigOrigin | undefined;
  /** The line to the storage thread. */
  readonly storage: ThreadLine;
  /** What runs already, when this takes the place of a control that died. */
  readonly inherited?: readonly InheritedInstance[] | undefined;
  /** Talks to the supervisor. */
  post(message: FromControl, transfer?: Transferable[]): void;
}

/** One node's control. */
export class Control {
  readonly overlay: ConfigOverlay;
  readonly log: Logger;
  readonly cluster: Cluster;
  readonly store: ReplicatedStore;
  readonly artifacts: NodeArtifacts;
  readonly blueprints: Deployment["blueprints"];
  readonly locks: Locks;
  readonly figures: CallFigures;
  readonly backups: NodeBackups;
  readonly schedules: Schedules;
  readonly registration: Registration;
  readonly deployment: Deployment;
  readonly resources: NodeResources;
  readonly gateway: GatewayLink;
  readonly storage: ThreadLine;
  readonly membership: Membership;
  readonly topics: Topics;
  readonly clock: Clock = systemClock();
  readonly startedAtMs: number = this.clock.monotonicMs();
  readonly #stopping = new AbortController();
  readonly #options: ControlOptions;
  /** Changes with the configuration. */
  readonly #logConfig: Config["log"];
  readonly #clusterAddress: string;
  #agent: Agent | undefined;
  #duties: Duties | undefined;
  #addresses: Addresses = { cluster: "", gateway: "", storage: "", management: "", app: "" };
  #unsubscribe = () => {};
  readonly barrier: RoutingBarrier;
  /** What ran before this control, until its agent takes it over. */
  readonly #inherited: Map<string, InheritedInstance>;
  #isJoining = false;
  #isStopping = false;
  #isLeaving = false;
  #joinTimer: Timer | undefined;

  private constructor(options: ControlOptions, parts: OpenedParts) {
    this.#options = options;
    this.#inherited = new Map(options.inherited?.map((each) => [each.instance, each]));
    this.#logConfig = parts.logConfig;
    this.log = createNodeLogger(this.#logConfig, "control");
    this.cluster = parts.cluster;
    this.store = parts.cluster.store;
    this.storage = options.storage;
    this.overlay = new ConfigOverlay({
      store: this.store,
      node: options.config.node.id,
      base: knownConfig(options.config, options.origin),
      log: this.log,
      onChange: () => this.#onConfig(),
    });
    this.#clusterAddress = parts.clusterAddress;
    this.artifacts = parts.artifacts;
    this.registration = new Registration({
      node: this.config.node.id,
      version: buildInfo().version,
      store: this.store,
      isAlive: (node) => this.cluster.isAlive(node),
    });
    this.deployment = new Deployment({
      config: () => this.config,
      cluster: this.cluster,
      catalog: this.catalog,
      clock: this.clock,
      log: this.log,
      decision: () => this.#duties?.decision,
    });
    this.blueprints = this.deployment.blueprints;
    this.barrier = new RoutingBarrier({
      clock: this.clock,
      asks: this.cluster.asks,
      peers: () => this.registration.others().map(({ id }) => id),
    });
    this.gateway = new GatewayLink({
      routes: () => this.routes,
      config: () => this.config === options.config ? undefined : this.config,
      holdsRoutes: true,
    });
    const { cluster, clock, store, catalog, artifacts } = this;
    const node = options.config.node.id;
    this.membership = new Membership(node, cluster, clock);
    this.figures = new CallFigures({ node, cluster, clock, artifacts });
    this.locks = new Locks({ store, clock });
    this.resources = new NodeResources({ node, store, locks: this.locks, cluster });
    this.topics = new Topics(this);
    const [random, config] = [systemRandom(), () => this.config.backup];
    this.backups = new NodeBackups({ node, store, catalog, clock, random, config });
    this.schedules = new Schedules(this);
    if (this.config !== options.config) this.#onConfig();
  }

  /** The published slices. */
  get catalog(): SliceCatalog {
    return this.artifacts.catalog;
  }

  /** The configuration as it is now, with overrides. */
  get config(): Config {
    return this.overlay.config;
  }

  /**
   * Opens the data directory and the repository, and comes into the cluster; waits for peers that
   * are needed to form one.
   *
   * @throws {AetherError} STORAGE_*, FILE_UNREADABLE or PORT_TAKEN.
   */
  static async open(options: ControlOptions): Promise<Control> {
    const { config, post } = options;
    const logConfig = { ...config.log };
    const { cluster, address } = await bootCluster({
      config,
      clock: systemClock(),
      random: systemRandom(),
      log: createNodeLogger(logConfig, "cluster"),
      onFailure: (error) => post({ type: "failed", problem: error.toProblem() }),
    });
    try {
      const artifacts = await NodeArtifacts.open({
        config,
        cluster,
        line: options.storage,
        clock: systemClock(),
        log: createNodeLogger(logConfig, "artifacts"),
      });
      const parts = { cluster, clusterAddress: address, artifacts, logConfig };
      return new Control(options, parts);
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Aborted when the node begins to stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Where this node listens. */
  get addresses(): Addresses {
    return this.#addresses;
  }

  /** The routes as of now. */
  get routes(): RouteSnapshot {
    return routeSnapshot(this.store.state, {
      node: this.config.node.id,
      cluster: this.cluster.id,
      manifestOf: (artifact) => this.catalog.manifest(artifact),
      isAlive: (node) => this.cluster.isAlive(node),
    });
  }

  /** Connects the gateway, and after its restart again. */
  connectGateway(port: MessagePort): void {
    this.gateway.connect(port, (message) => {
      if (message.type === "applied") this.barrier.onApplied(message.revision);
      else if (message.type === "figures") {
        this.deployment.figures.onCounts(message.counts);
        this.figures.report(message.methods);
      } else this.#agent?.onDrained(message.instance);
    });
    this.#agent?.onGatewayRestart();
  }

  /** Takes part as soon as there is a quorum: registers, runs what is assigned, and leads. */
  start(addresses: Omit<Addresses, "cluster">): Addresses {
    this.#addresses = { cluster: this.#clusterAddress, ...addresses };
    this.#unsubscribe = this.store.onChange((change) => this.#onChange(change), "system");
    this.#duties = new Duties({
      cluster: this.cluster,
      membership: this.membership,
      tasks: [
        this.deployment.driver,
        this.deployment.scaling,
        this.topics.duty,
        this.artifacts.duty,
      ],
      backups: this.backups,
      clock: this.clock,
      log: this.log,
      config: () => this.config,
      ...sizingOptions(this),
    });
    this.cluster.onEvent((event) => this.#onClusterEvent(event));
    this.schedules.start(this.stopping);
    this.gateway.sendRoutes();
    this.artifacts.start();
    this.#join();
    return this.#addresses;
  }

  /** Lets others run the instances of this node, which is about to stop. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    await depart({
      clock: this.clock,
      log: this.log,
      announce: () => this.registration.shutDown(),
      instances: () => this.#agent?.size ?? 0,
      hasSuccessor: () => this.cluster.hasQuorum && this.registration.hasSuccessor,
      timeoutMs: () => this.config.deployment.shutdownTimeoutMs,
    });
  }

  /** Leads and follows nothing any more; instances may still end. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#stopping.abort();
    this.#joinTimer?.cancel();
    this.#duties?.stop();
    this.#agent?.stop();
    this.#unsubscribe();
    this.overlay.close();
    await this.topics.close();
    await this.cluster.prepareStop();
  }

  /** Closes the store; nothing can be written afterwards. */
  async close(): Promise<void> {
    await this.stop();
    this.resources.close();
    this.gateway.close();
    await this.cluster.close();
    await this.artifacts.close();
  }

  /** The supervisor says that an instance serves. */
  onInstanceReady(instance: string): void {
    this.#agent?.onReady(instance);
    const inherited = this.#inherited.get(instance);
    if (inherited !== undefined) this.#inherited.set(instance, { ...inherited, isReady: true });
  }

  /** The supervisor says that an instance has ended. */
  onInstanceEnded({ instance, reason, problem }: InstanceEnd): void {
    this.figures.usages.delete(instance);
    this.#inherited.delete(instance);
    this.#agent?.onEnded(instance, problem, reason);
  }

  /** The supervisor says that an instance uses too much and is to be replaced. */
  onInstanceRetiring(instance: string, cause: string): void {
    this.#agent?.retire(instance, cause);
  }

  /** The supervisor says what the instances use. */
  onInstanceUsage(usages: readonly InstanceUsage[]): void {
    for (const usage of usages) this.figures.usages.set(usage.instance, usage);
    this.deployment.figures.onUsages(usages);
  }

  #createAgent(): Agent {
    return new Agent({
      node: this.config.node.id,
      store: this.store,
      clock: this.clock,
      log: this.log,
      open: (artifact) => this.catalog.open(artifact),
      check: (manifest) => requireDeployable([manifest], this.config),
      times: () => instanceTimes(this.config),
      routed: (revision) => this.barrier.wait(revision),
      drain: (instance) => this.gateway.post({ type: "drain", instance }),
      post: this.#options.post,
    });
  }

  /** Registers the node and starts its agent; again later when there is no quorum now. */
  async #join(): Promise<void> {
    const { registration } = this;
    const isMember = this.#agent !== undefined && registration.state !== "JOINING";
    if (this.#isStopping || isMember || this.#isJoining) return;
    this.#isJoining = true;
    try {
      if (this.#agent === undefined) {
        await registration.join(this.#addresses, this.#options.inherited !== undefined);
        const agent = this.#createAgent();
        await agent.start(this.#inherited);
        this.#agent = agent;
        await agent.adopted();
        this.gateway.releaseRoutes();
      }
      await registration.comeOnDuty();
    } catch (error) {
      this.log.info("The node has not joined yet", { reason: toAetherError(error).message });
      if (!this.#isStopping) {
        this.#joinTimer = this.clock.setTimer(joinRetryMs, () => {
          this.#join();
        });
      }
    } finally {
      this.#isJoining = false;
    }
  }

  #onClusterEvent(event: ClusterEvent): void {
    if (event.type === "quorum" && event.hasQuorum) this.#join();
    // A dead node's instances take no calls, whatever the store still says of them.
    if (event.type === "belief") this.gateway.sendRoutes();
    this.#duties?.wake();
  }

  /** Passes the configuration on to whatever can take it over. */
  #onConfig(): void {
    const { config } = this;
    Object.assign(this.#logConfig, config.log);
    this.store.history.resize({ revisions: config.store.historyRevisions });
    this.#options.post({ type: "config", config });
    this.gateway.sendConfig();
  }

  #onChange(change: StoreChange): void {
    if (change.events.some(({ key }) => isRouteKey(key))) this.gateway.sendRoutes();
    const ownKey = keys.member.key(this.config.node.id);
    if (change.events.some(({ key }) => key === ownKey)) this.#followLifecycle();
  }

  /** An operator may want this node to shut down; of a former life it means nothing. */
  #followLifecycle(): void {
    const isWanted = this.#agent !== undefined && this.registration.state === "SHUTTING_DOWN";
    if (isWanted && !this.#isLeaving) this.#options.post({ type: "shutDown" });
  }
}

interface OpenedParts {
  readonly cluster: Cluster;
  readonly clusterAddress: string;
  readonly artifacts: NodeArtifacts;
  readonly logConfig: Config["log"];
}
