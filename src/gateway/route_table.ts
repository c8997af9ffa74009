/**
 * The routes of all contracts, changed one contract at a time.
 *
 * Two contracts never want the same route for long: a blueprint that would let them is refused. But
 * while a route moves from one to the other, both are there for a moment; then the contract that
 * comes first in the alphabet has it, at every node and in whatever order changes arrive.
 *
 * @module
 */
import { type RouteLookup, Router } from "./router.ts";

/** A route and what it leads to. */
export interface Route<Value> {
  readonly method: string;
  readonly path: string;
  readonly value: Value;
}

/** Routes by contract; looking one up costs the same however many changes there were. */
export class RouteTable<Value> {
  readonly #router = new Router<Value>();
  readonly #byOwner = new Map<string, ReadonlyMap<string, Route<Value>>>();
  /** Who wants a route, where it is more than one contract. */
  readonly #owners = new Map<string, string[]>();

  /** Looks a request up. */
  find(method: string, path: string): RouteLookup<Value> {
    return this.#router.find(method, path);
  }

  /** Replaces the routes of a contract; of equal ones the first counts. */
  replace(owner: string, routes: readonly Route<Value>[]): void {
    const before = this.#byOwner.get(owner) ?? new Map<string, Route<Value>>();
    const after = new Map<string, Route<Value>>();
    for (const route of routes) {
      const shape = shapeOf(route);
      if (!after.has(shape)) after.set(shape, route);
    }
    if (after.size === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, after);
    for (const shape of before.keys()) if (!after.has(shape)) this.#give(shape, owner, before);
    for (const shape of after.keys()) this.#take(shape, owner);
  }

  #take(shape: string, owner: string): void {
    const owners = this.#owners.get(shape) ?? [];
    if (!owners.includes(owner)) this.#owners.set(shape, [...owners, owner].sort());
    this.#show(shape);
  }

  #give(shape: string, owner: string, former: ReadonlyMap<string, Route<Value>>): void {
    const left = (this.#owners.get(shape) ?? []).filter((each) => each !== owner);
    if (left.length > 0) {
      this.#owners.set(shape, left);
      this.#show(shape);
      return;
    }
    this.#owners.delete(shape);
    const route = former.get(shape);
    if (route !== undefined) this.#router.remove(route.method, route.path);
  }

  #show(shape: string): void {
    const [owner = ""] = this.#owners.get(shape) ?? [];
    const route = this.#byOwner.get(owner)?.get(shape);
    if (route !== undefined) this.#router.set(route.method, route.path, route.value);
  }
}

/** Routes whose parameters only have other names are the same. */
function shapeOf({ method, path }: Route<unknown>): string {
  return `${method} ${path.replaceAll(/\/:[^/]*/g, "/:")}`;
}
