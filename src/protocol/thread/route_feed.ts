/**
 * Routes on their way from control to the gateway: a snapshot first, then what changed.
 *
 * Most changes touch one slice, and the manifests of hundreds of others need not cross the threads
 * again. A delta names the revision that it builds on; a gateway that has another one asks for a
 * snapshot. Pure; control holds a {@link RouteFeed}, the gateway a {@link RouteFollower}.
 *
 * @module
 */
import type { ControlToGateway, RouteDelta, RoutedService, RouteSnapshot } from "./threads.ts";

/** What crosses the threads. */
type RouteMessage = Extract<ControlToGateway, { readonly type: "routes" | "routeDelta" }>;

/** Control's side. */
export class RouteFeed {
  #sent: ReadonlyMap<string, RoutedService> | undefined;
  #revision = -1;

  /**
   * What to send so that the gateway has these routes.
   *
   * @param isAll the gateway knows nothing: send a snapshot
   */
  next(snapshot: RouteSnapshot, isAll = false): RouteMessage {
    const former = this.#sent;
    const fromRevision = this.#revision;
    const services = new Map(snapshot.services.map((service) => [service.artifact, service]));
    this.#sent = services;
    this.#revision = snapshot.revision;
    if (isAll || former === undefined) return { type: "routes", snapshot };
    const changed = snapshot.services.filter((service) => {
      const known = former.get(service.artifact);
      return known === undefined || !isSame(known, service);
    });
    const removed = [...former.keys()].filter((artifact) => !services.has(artifact));
    const { revision, cluster, down } = snapshot;
    const delta = { fromRevision, revision, cluster, changed, removed };
    return { type: "routeDelta", delta: down === undefined ? delta : { ...delta, down } };
  }
}

/** The gateway's side. */
export class RouteFollower {
  #services = new Map<string, RoutedService>();
  #revision: number | undefined;

  /** Takes a snapshot; answers it. */
  take(snapshot: RouteSnapshot): RouteSnapshot {
    this.#services = new Map(snapshot.services.map((service) => [service.artifact, service]));
    this.#revision = snapshot.revision;
    return snapshot;
  }

  /** The routes after a delta; undefined when it does not build on what is known here. */
  follow(delta: RouteDelta): RouteSnapshot | undefined {
    if (delta.fromRevision !== this.#revision) return undefined;
    for (const artifact of delta.removed) this.#services.delete(artifact);
    for (const service of delta.changed) this.#services.set(service.artifact, service);
    this.#revision = delta.revision;
    const { revision, cluster, down } = delta;
    const snapshot = { revision, cluster, services: [...this.#services.values()] };
    return down === undefined ? snapshot : { ...snapshot, down };
  }
}

/** Whether nothing of a version changed; manifests of one version never do. */
function isSame(one: RoutedService, other: RoutedService): boolean {
  const { methods: _one, ...first } = one;
  const { methods: _other, ...second } = other;
  return one.methods === other.methods && JSON.stringify(first) === JSON.stringify(second);
}
