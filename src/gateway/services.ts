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
import type { InstanceLink } from "./instance_link.ts";
import { type RouteLookup, Router } from "./router.ts";

/** A contract with its live instances. */
export class Service {
  readonly routed: RoutedService;
  readonly #links: InstanceLink[] = [];
  #next = 0;

  constructor(routed: RoutedService) {
    this.routed = routed;
  }

  /** Adds an instance that takes calls from now on. */
  add(link: InstanceLink): void {
    this.#links.push(link);
  }

  /** Removes an instance that has ended. */
  remove(link: InstanceLink): void {
    const index = this.#links.indexOf(link);
    if (index >= 0) this.#links.splice(index, 1);
  }

  /**
   * The instance with the fewest calls under way, in turn among equals; "full" when every one has
   * reached its concurrency, undefined when there is none.
   */
  pick(except?: InstanceLink): InstanceLink | "full" | undefined {
    const count = this.#links.length;
    let best: InstanceLink | undefined;
    let any = false;
    const start = this.#next++;
    for (let offset = 0; offset < count; offset++) {
      const link = this.#links[(start + offset) % count];
      if (link === undefined || link === except) continue;
      any = true;
      if (link.inFlight >= this.routed.concurrency) continue;
      if (best === undefined || link.inFlight < best.inFlight) best = link;
    }
    return best ?? (any ? "full" : undefined);
  }
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
  #byContract = new Map<string, Service>();
  #byInstance = new Map<string, Service>();
  #router = new Router<RouteTarget>();
  readonly #draining = new Set<string>();
  #revision = -1;

  /** Calls `onDrained` when an instance that is to drain has answered everything. */
  constructor(onDrained: (instance: string) => void) {
    this.#onDrained = onDrained;
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

  /** The service to which an instance belongs; undefined when it is not routed. */
  ofInstance(instance: string): Service | undefined {
    return this.#byInstance.get(instance);
  }

  /** Replaces the routes. */
  apply(snapshot: RouteSnapshot): void {
    if (snapshot.revision < this.#revision) return;
    this.#revision = snapshot.revision;
    this.#byContract = new Map();
    this.#byInstance = new Map();
    this.#router = new Router();
    for (const item of snapshot.services) this.#addService(item);
  }

  /** Reports the instance as drained once it has nothing left to answer. */
  drain(instance: string): void {
    this.#draining.add(instance);
    this.checkDrained();
  }

  #addService(item: RoutedService): void {
    const service = new Service(item);
    this.#byContract.set(item.contract, service);
    for (const instance of item.instances) {
      this.#byInstance.set(instance, service);
      const link = this.#links.get(instance);
      if (link !== undefined) service.add(link);
    }
    for (const [method, manifest] of Object.entries(item.methods)) {
      if (manifest.http === undefined) continue;
      this.#router.add(manifest.http.method, manifest.http.path, { service, method, manifest });
    }
  }

  /** A new instance, announced by the supervisor. */
  addInstance(link: InstanceLink): void {
    this.#links.set(link.id, link);
    this.#byInstance.get(link.id)?.add(link);
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
