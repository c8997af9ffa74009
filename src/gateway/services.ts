/**
 * What is served where: the gateway's projection of the route snapshot onto the instances it knows.
 *
 * Control sends snapshots, the supervisor announces instances; in whatever order they come, only an
 * instance that is both routed and known takes calls.
 *
 * @module
 */
import type { MethodManifest } from "../protocol/slice/manifest.ts";
import type { RoutedService, RouteSnapshot } from "../protocol/thread/threads.ts";
import { Service, Version } from "./calls/service.ts";
import type { InstanceLink } from "./instance_link.ts";
import { type PeerGateway, RemoteTarget } from "./peer_gateway.ts";
import { type Route, RouteTable } from "./route_table.ts";
import type { RouteLookup } from "./router.ts";

/** The target of a route. */
export interface RouteTarget {
  readonly service: Service;
  readonly method: string;
  readonly manifest: MethodManifest;
}

/** What the services need. */
export interface ServicesOptions {
  /** Id of this node. */
  readonly node: string;
  /** The operator's limit of calls under way in one instance. */
  readonly inFlightMax: number;
  /** Called when an instance that is to drain has answered everything. */
  onDrained(instance: string): void;
  /** Makes the link to another node's gateway. */
  connect(node: string, address: string): PeerGateway;
}

/** All services; what one remembers of its targets outlives a snapshot. */
export class Services {
  readonly #options: ServicesOptions;
  readonly #links = new Map<string, InstanceLink>();
  readonly #peers = new Map<string, PeerGateway>();
  /** Peers that take no more calls and still owe answers. */
  readonly #leaving = new Set<PeerGateway>();
  readonly #draining = new Set<string>();
  #inFlightMax: number;
  readonly #byContract = new Map<string, Service>();
  readonly #byArtifact = new Map<string, Version>();
  readonly #byInstance = new Map<string, Version>();
  readonly #routes = new RouteTable<RouteTarget>();
  #tested: readonly Service[] = [];
  #revision = -1;
  #cluster = "";

  constructor(options: ServicesOptions) {
    this.#options = options;
    this.#inFlightMax = options.inFlightMax;
  }

  /** Changes the operator's limit of calls under way in one instance. */
  limitInFlight(inFlightMax: number): void {
    this.#inFlightMax = inFlightMax;
    for (const [instance, version] of this.#byInstance) {
      const link = this.#links.get(instance);
      if (link !== undefined) this.#limit(link, version.routed);
    }
  }

  /** Whether a snapshot has arrived. */
  get ready(): boolean {
    return this.#revision >= 0;
  }

  /** The route of a request. */
  route(method: string, path: string): RouteLookup<RouteTarget> {
    return this.#routes.find(method, path);
  }

  /** The service of a contract. */
  contract(name: string): Service | undefined {
    return this.#byContract.get(name);
  }

  /** Services with an A/B test under way. */
  get tested(): readonly Service[] {
    return this.#tested;
  }

  /** All services. */
  get all(): ReadonlySet<Service> {
    return new Set(this.#byContract.values());
  }

  /** A version by its coordinates. */
  version(artifact: string): Version | undefined {
    return this.#byArtifact.get(artifact);
  }

  /** Takes over a snapshot; what is the same object in it as in the last one costs nothing. */
  apply(snapshot: RouteSnapshot): void {
    const { revision, cluster } = snapshot;
    // Revisions of another cluster say nothing about those of this one.
    if (revision < this.#revision && cluster === this.#cluster) return;
    this.#revision = revision;
    this.#cluster = cluster;
    const changedPeers = this.#followPeers(snapshot);
    const byContract = Map.groupBy(snapshot.services, (item) => item.contract);
    for (const contract of this.#byContract.keys()) {
      if (!byContract.has(contract)) this.#update(contract, []);
    }
    for (const [contract, items] of byContract) {
      const isKnown = (item: RoutedService, index: number) =>
        this.#byContract.get(contract)?.versions[index]?.routed === item &&
        !item.remotes.some(({ node }) => changedPeers.has(node));
      const count = this.#byContract.get(contract)?.versions.length;
      if (count !== items.length || !items.every(isKnown)) this.#update(contract, items);
    }
    this.#tested = [...this.#byContract.values()].filter(({ split }) => split !== undefined);
  }

  /** Takes over the versions of a contract; without any it is gone. */
  #update(contract: string, items: readonly RoutedService[]): void {
    const service = this.#byContract.get(contract) ?? new Service(contract, performance.now());
    for (const { routed } of service.versions) {
      for (const instance of routed.instances) this.#byInstance.delete(instance);
    }
    const versions = items.map((item) => this.#version(item));
    for (const version of service.versions) {
      if (!versions.includes(version)) this.#byArtifact.delete(version.routed.artifact);
    }
    for (const version of versions) this.#byArtifact.set(version.routed.artifact, version);
    service.update(versions);
    this.#routes.replace(contract, routesOf(service));
    if (versions.length > 0) this.#byContract.set(contract, service);
    else this.#byContract.delete(contract);
  }

  /**
   * Keeps links to the nodes that the snapshot names, and closes the others; answers the nodes
   * whose links are new.
   */
  #followPeers({ services, down = [] }: RouteSnapshot): Set<string> {
    const wanted = new Map(
      services.flatMap(({ remotes }) =>
        remotes.map(({ node, address }) => [node, address] as const)
      ),
    );
    for (const [node, peer] of this.#peers) {
      if (wanted.get(node) === peer.address) continue;
      this.#peers.delete(node);
      peer.retire();
      if (!peer.isClosed) this.#leaving.add(peer);
    }
    // Whoever waits for a node that is gone is not kept waiting until a deadline.
    for (const peer of this.#leaving) {
      if (down.includes(peer.node)) peer.close();
      if (peer.isClosed) this.#leaving.delete(peer);
    }
    const changed = new Set<string>();
    for (const [node, address] of wanted) {
      if (this.#peers.has(node)) continue;
      changed.add(node);
      this.#peers.set(node, this.#options.connect(node, address));
    }
    return changed;
  }

  /** Reports the instance as drained once it has nothing left to answer. */
  drain(instance: string): void {
    this.#draining.add(instance);
    this.#links.get(instance)?.endEndless();
    this.checkDrained();
  }

  /** The version of a snapshot's item: the known one, brought up to date. */
  #version(item: RoutedService): Version {
    const version = this.#byArtifact.get(item.artifact) ?? new Version(this.#options.node, item);
    const known = new Map(version.remote.map((target) => [target.peer, target]));
    const remote = item.remotes.flatMap(({ node, count }) => {
      const peer = this.#peers.get(node);
      if (peer === undefined) return [];
      const target = known.get(peer) ?? new RemoteTarget(peer, item.artifact);
      target.update(count, item.concurrency);
      return [target];
    });
    version.update(item, remote);
    const here = new Set(item.instances);
    version.keepLocal(({ id }) => here.has(id));
    for (const instance of item.instances) {
      this.#byInstance.set(instance, version);
      const link = this.#links.get(instance);
      if (link === undefined) continue;
      this.#limit(link, item);
      version.add(link);
    }
    return version;
  }

  #limit(link: InstanceLink, { concurrency }: RoutedService): void {
    link.inFlightMax = Math.min(concurrency, this.#inFlightMax);
  }

  /** A new instance, announced by the supervisor. */
  addInstance(link: InstanceLink): void {
    this.#links.set(link.id, link);
    const version = this.#byInstance.get(link.id);
    if (version === undefined) return;
    this.#limit(link, version.routed);
    version.add(link);
  }

  /** Whether the instance is expected to answer soon. */
  setHealth(instance: string, isHealthy: boolean): void {
    const link = this.#links.get(instance);
    if (link !== undefined) link.isHealthy = isHealthy;
  }

  /** An instance has ended: its calls fail at once. */
  removeInstance(instance: string): void {
    const link = this.#links.get(instance);
    if (link === undefined) return;
    this.#links.delete(instance);
    this.#byInstance.get(instance)?.remove(link);
    link.lose();
    this.checkDrained();
  }

  /** Ends calls whose deadline has passed. */
  expire(now: number): void {
    for (const link of this.#links.values()) link.expire(now);
    for (const peer of this.#peers.values()) peer.expire(now);
    for (const peer of this.#leaving) {
      peer.expire(now);
      if (peer.isClosed) this.#leaving.delete(peer);
    }
    this.checkDrained();
  }

  /** Ends event streams and sockets: the node stops. */
  endEndless(): void {
    for (const link of this.#links.values()) link.endEndless();
    for (const peer of [...this.#peers.values(), ...this.#leaving]) peer.endEndless();
  }

  /** Calls under way in all instances. */
  get inFlight(): number {
    let sum = 0;
    for (const link of this.#links.values()) sum += link.inFlight;
    return sum;
  }

  /** Reports the draining instances that have nothing left to answer. */
  checkDrained(): void {
    for (const instance of this.#draining) {
      if ((this.#links.get(instance)?.inFlight ?? 0) > 0) continue;
      this.#draining.delete(instance);
      this.#options.onDrained(instance);
    }
  }
}

/** Where versions differ, the one with most of the calls says how a route is. */
function routesOf(service: Service): Route<RouteTarget>[] {
  const byWeight = [...service.versions].sort((left, right) => right.weight - left.weight);
  return byWeight.flatMap(({ routed }) =>
    Object.entries(routed.methods).flatMap(([method, manifest]) => {
      if (manifest.http === undefined) return [];
      return [{ ...manifest.http, value: { service, method, manifest } }];
    })
  );
}
