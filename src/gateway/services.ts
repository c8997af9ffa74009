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
import type { CallTarget } from "./call.ts";
import type { InstanceLink } from "./instance_link.ts";
import { type PeerGateway, RemoteTarget } from "./peer_gateway.ts";
import { type RouteLookup, Router } from "./router.ts";

/** A contract with its live instances, here and on other nodes. */
export class Service {
  readonly routed: RoutedService;
  readonly #local: CallTarget[] = [];
  readonly #remote: readonly CallTarget[];
  #next = 0;

  constructor(routed: RoutedService, remote: readonly CallTarget[]) {
    this.routed = routed;
    this.#remote = remote;
  }

  /** Adds an instance on this node that takes calls from now on. */
  add(link: CallTarget): void {
    this.#local.push(link);
  }

  /** Removes an instance that has ended. */
  remove(link: CallTarget): void {
    const index = this.#local.indexOf(link);
    if (index >= 0) this.#local.splice(index, 1);
  }

  /**
   * The target with the fewest calls under way, in turn among equals, on this node if possible;
   * "full" when every one has reached its limit, undefined when there is none.
   */
  pick(tried?: ReadonlySet<CallTarget>): CallTarget | "full" | undefined {
    const local = this.pickLocal(tried);
    if (local !== undefined && local !== "full") return local;
    return least(this.#remote, this.#next, tried) ?? local;
  }

  /** Like `pick`, but never another node. */
  pickLocal(tried?: ReadonlySet<CallTarget>): CallTarget | "full" | undefined {
    return least(this.#local, this.#next++, tried);
  }
}

function least(
  targets: readonly CallTarget[],
  start: number,
  tried: ReadonlySet<CallTarget> | undefined,
): CallTarget | "full" | undefined {
  const count = targets.length;
  let best: CallTarget | undefined;
  let any = false;
  for (let offset = 0; offset < count; offset++) {
    const target = targets[(start + offset) % count];
    if (target === undefined || tried?.has(target)) continue;
    any = true;
    if (target.inFlight >= target.inFlightMax) continue;
    if (best === undefined || target.inFlight < best.inFlight) best = target;
  }
  return best ?? (any ? "full" : undefined);
}

/** The target of a route. */
export interface RouteTarget {
  readonly service: Service;
  readonly method: string;
  readonly manifest: MethodManifest;
}

/** All services, rebuilt from each snapshot. */
export class Services {
  readonly #links = new Map<string, InstanceLink>();
  readonly #onDrained: (instance: string) => void;
  readonly #connect: (node: string, address: string) => PeerGateway;
  #inFlightMax: number;
  readonly #peers = new Map<string, PeerGateway>();
  /** Peers that take no more calls and still owe answers. */
  readonly #leaving = new Set<PeerGateway>();
  #byContract = new Map<string, Service>();
  #byInstance = new Map<string, Service>();
  #router = new Router<RouteTarget>();
  readonly #draining = new Set<string>();
  #revision = -1;

  /**
   * @param onDrained called when an instance that is to drain has answered everything
   * @param connect makes the link to another node's gateway
   * @param inFlightMax the operator's limit of calls under way in one instance
   */
  constructor(
    onDrained: (instance: string) => void,
    connect: (node: string, address: string) => PeerGateway,
    inFlightMax: number,
  ) {
    this.#onDrained = onDrained;
    this.#connect = connect;
    this.#inFlightMax = inFlightMax;
  }

  /** Changes the operator's limit of calls under way in one instance. */
  limitInFlight(inFlightMax: number): void {
    this.#inFlightMax = inFlightMax;
    for (const [instance, { routed }] of this.#byInstance) {
      const link = this.#links.get(instance);
      if (link !== undefined) link.inFlightMax = Math.min(routed.concurrency, inFlightMax);
    }
  }

  /** Whether a snapshot has arrived. */
  get ready(): boolean {
    return this.#revision >= 0;
  }

  /** The route of a request. */
  route(method: string, path: string): RouteLookup<RouteTarget> {
    return this.#router.find(method, path);
  }

  /** The service of a contract. */
  contract(name: string): Service | undefined {
    return this.#byContract.get(name);
  }

  /** Replaces the routes. */
  apply(snapshot: RouteSnapshot): void {
    if (snapshot.revision < this.#revision) return;
    this.#revision = snapshot.revision;
    this.#byContract = new Map();
    this.#byInstance = new Map();
    this.#router = new Router();
    this.#followPeers(snapshot);
    for (const item of snapshot.services) this.#addService(item);
  }

  /** Keeps links to the nodes that the snapshot names, and closes the others. */
  #followPeers(snapshot: RouteSnapshot): void {
    const wanted = new Map(
      snapshot.services.flatMap(({ remotes }) =>
        remotes.map(({ node, address }) => [node, address] as const)
      ),
    );
    for (const [node, peer] of this.#peers) {
      if (wanted.get(node) === peer.address) continue;
      this.#peers.delete(node);
      peer.retire();
      if (!peer.isClosed) this.#leaving.add(peer);
    }
    for (const [node, address] of wanted) {
      if (!this.#peers.has(node)) this.#peers.set(node, this.#connect(node, address));
    }
  }

  /** Reports the instance as drained once it has nothing left to answer. */
  drain(instance: string): void {
    this.#draining.add(instance);
    this.checkDrained();
  }

  #addService(item: RoutedService): void {
    const remote = item.remotes.flatMap(({ node, count }) => {
      const peer = this.#peers.get(node);
      if (peer === undefined) return [];
      return [new RemoteTarget(peer, item.contract, count * item.concurrency)];
    });
    const service = new Service(item, remote);
    this.#byContract.set(item.contract, service);
    for (const instance of item.instances) {
      this.#byInstance.set(instance, service);
      const link = this.#links.get(instance);
      if (link === undefined) continue;
      link.inFlightMax = Math.min(item.concurrency, this.#inFlightMax);
      service.add(link);
    }
    for (const [method, manifest] of Object.entries(item.methods)) {
      if (manifest.http === undefined) continue;
      this.#router.add(manifest.http.method, manifest.http.path, { service, method, manifest });
    }
  }

  /** A new instance, announced by the supervisor. */
  addInstance(link: InstanceLink): void {
    this.#links.set(link.id, link);
    const service = this.#byInstance.get(link.id);
    if (service === undefined) return;
    link.inFlightMax = Math.min(service.routed.concurrency, this.#inFlightMax);
    service.add(link);
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
      this.#onDrained(instance);
    }
  }
}
