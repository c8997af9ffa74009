/**
 * Finds the route of a request: method and path to a value, with path parameters.
 *
 * A fixed segment wins over a parameter. Paths are compared as they are on the wire, before percent
 * decoding, so an encoded slash stays inside its segment.
 *
 * @module
 */

/** A match. */
export interface RouteMatch<Value> {
  readonly value: Value;
  /** Raw values of the path parameters, joined by "/". */
  readonly parameters: string;
}

/** What a look-up found. */
export type RouteLookup<Value> =
  | RouteMatch<Value>
  /** The path exists for these methods only. */
  | { readonly allow: readonly string[] }
  | undefined;

interface TreeNode<Value> {
  readonly fixed: Map<string, TreeNode<Value>>;
  parameter: TreeNode<Value> | undefined;
  readonly methods: Map<string, Value>;
}

function emptyNode<Value>(): TreeNode<Value> {
  return { fixed: new Map(), parameter: undefined, methods: new Map() };
}

const segmentsMax = 64;

/** A tree of routes. */
export class Router<Value> {
  readonly #root: TreeNode<Value> = emptyNode();
  /** Routes without parameters, by path: the common case costs one look-up. */
  readonly #exact = new Map<string, TreeNode<Value>>();

  /** Adds a route such as `/urls/:code`; answers false when it is taken already. */
  add(method: string, path: string, value: Value): boolean {
    const node = this.#nodeOf(path);
    if (node.methods.has(method)) return false;
    node.methods.set(method, value);
    return true;
  }

  /** Adds a route, or changes what it leads to. */
  set(method: string, path: string, value: Value): void {
    this.#nodeOf(path).methods.set(method, value);
  }

  /** Removes a route; answers false when there is none. */
  remove(method: string, path: string): boolean {
    const way: { readonly parent: TreeNode<Value>; readonly segment: string }[] = [];
    let node: TreeNode<Value> | undefined = this.#root;
    for (const segment of segmentsOf(path)) {
      if (node === undefined) return false;
      way.push({ parent: node, segment });
      node = segment.startsWith(":") ? node.parameter : node.fixed.get(segment);
    }
    if (node === undefined || !node.methods.delete(method)) return false;
    if (node.methods.size === 0) this.#exact.delete(path);
    for (const { parent, segment } of way.reverse()) {
      if (node.methods.size > 0 || node.fixed.size > 0 || node.parameter !== undefined) break;
      if (segment.startsWith(":")) parent.parameter = undefined;
      else parent.fixed.delete(segment);
      node = parent;
    }
    return true;
  }

  /** The place of a path in the tree, which is made when missing. */
  #nodeOf(path: string): TreeNode<Value> {
    let node = this.#root;
    for (const segment of segmentsOf(path)) {
      if (segment.startsWith(":")) node = node.parameter ??= emptyNode();
      else {
        let next = node.fixed.get(segment);
        if (next === undefined) node.fixed.set(segment, next = emptyNode());
        node = next;
      }
    }
    if (!path.includes("/:")) this.#exact.set(path, node);
    return node;
  }

  /** Looks a request up; HEAD falls back to GET. */
  find(method: string, path: string): RouteLookup<Value> {
    const exact = this.#exact.get(path);
    if (exact !== undefined) {
      const value = valueOf(exact, method);
      if (value !== undefined) return { value, parameters: "" };
    }
    const segments = segmentsOf(path);
    if (segments.length > segmentsMax) return undefined;
    const allow = new Set<string>();
    const found = this.#walk(this.#root, segments, 0, [], method, allow);
    if (found !== undefined) return found;
    return allow.size === 0 ? undefined : { allow: [...allow].sort() };
  }

  #walk(
    node: TreeNode<Value>,
    segments: readonly string[],
    index: number,
    parameters: string[],
    method: string,
    allow: Set<string>,
  ): RouteMatch<Value> | undefined {
    const segment = segments[index];
    if (segment === undefined) {
      const value = valueOf(node, method);
      if (value !== undefined) return { value, parameters: parameters.join("/") };
      for (const other of node.methods.keys()) allow.add(other);
      return undefined;
    }
    const fixed = node.fixed.get(segment);
    if (fixed !== undefined) {
      const found = this.#walk(fixed, segments, index + 1, parameters, method, allow);
      if (found !== undefined) return found;
    }
    // An empty segment is never a parameter's value.
    if (node.parameter === undefined || segment === "") return undefined;
    const next = [...parameters, segment];
    return this.#walk(node.parameter, segments, index + 1, next, method, allow);
  }
}

function valueOf<Value>(node: TreeNode<Value>, method: string): Value | undefined {
  return node.methods.get(method) ?? (method === "HEAD" ? node.methods.get("GET") : undefined);
}

function segmentsOf(path: string): string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}
