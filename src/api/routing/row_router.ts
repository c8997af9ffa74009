/**
 * Finds the row that answers a path: hono's router of the management API.
 *
 * The routers of hono that take every table walk a tree, which is slow beside the rest of a short
 * request. Paths of this API tell by their first two segments which few rows come into question.
 *
 * @module
 */
import type { Result, Router } from "hono/router";

interface Place<T> {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handler: T;
}

/**
 * Rows by path, with `{name}` for a segment and `{name+}` for the rest; of several the first one.
 *
 * @example
 * ```ts
 * import { RowRouter } from "./row_router.ts";
 * const router = new RowRouter<string>();
 * router.add("GET", "/api/kv/{key+}", "kvGet");
 * console.assert(router.match("GET", "/api/kv/a/b")[0][0]?.[0] === "kvGet");
 * ```
 */
export class RowRouter<T> implements Router<T> {
  readonly name = "RowRouter";
  readonly #places = new Map<string, Place<T>[]>();

  /** Adds a row. */
  add(method: string, path: string, handler: T): void {
    const start = startOf(path);
    // What begins with a parameter stands under the segment before it.
    const key = start.includes("{") ? firstOf(path) : start;
    const source = path.replace(/\{(\w+)\+\}/g, "(?<$1>[^]+)").replace(
      /\{(\w+)\}/g,
      "(?<$1>[^/]+)",
    );
    const place = { method, pattern: new RegExp(`^${source}$`), handler };
    this.#places.set(key, [...this.#places.get(key) ?? [], place]);
  }

  /** The handler of a request with the parameters of its path; nothing when no row answers. */
  match(method: string, path: string): Result<T> {
    for (const place of this.#near(path)) {
      if (place.method !== method) continue;
      const found = place.pattern.exec(path);
      if (found !== null) return [[[place.handler, found.groups ?? {}]]];
    }
    return [[]];
  }

  /** The methods that rows of a path answer. */
  methodsOf(path: string): Set<string> {
    const places = this.#near(path).filter(({ pattern }) => pattern.test(path));
    return new Set(places.map(({ method }) => method));
  }

  #near(path: string): readonly Place<T>[] {
    return this.#places.get(startOf(path)) ?? this.#places.get(firstOf(path)) ?? [];
  }
}

/** `/api/kv` of `/api/kv/a/b`. */
function startOf(path: string): string {
  const end = path.indexOf("/", path.indexOf("/", 1) + 1);
  return end <= 0 ? path : path.slice(0, end);
}

/** `/api` of `/api/kv/a/b`. */
function firstOf(path: string): string {
  const end = path.indexOf("/", 1);
  return end < 0 ? path : path.slice(0, end);
}
