/**
 * The order in which slices load: dependencies before those who need them.
 *
 * A depth-first walk over names; it knows nothing about slices. `resolve.ts` calls it.
 *
 * @module
 */

/** An order, or the cycles that make it impossible. */
export interface LoadOrder {
  /** All nodes, each after everything that it depends on; meaningless when there are cycles. */
  readonly order: readonly string[];
  /** Cycles, first node repeated at the end; every cyclic graph has at least one. */
  readonly cycles: readonly (readonly string[])[];
}

/** More cycles than this help nobody. */
const cyclesMax = 10;

/**
 * Orders the nodes of a graph. The order of the map and of its lists decides among equals, so the
 * same graph always gets the same order.
 *
 * @example
 * ```ts
 * import { loadOrder } from "./load_order.ts";
 * const { order } = loadOrder(new Map([["a", ["b"]], ["b", []]]));
 * console.assert(order.join() === "b,a");
 * ```
 */
export function loadOrder(dependencies: ReadonlyMap<string, readonly string[]>): LoadOrder {
  const order: string[] = [];
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const onPath = new Set<string>();
  const visit = (node: string): void => {
    if (done.has(node)) return;
    if (onPath.has(node)) {
      if (cycles.length < cyclesMax) cycles.push([...path.slice(path.indexOf(node)), node]);
      return;
    }
    path.push(node);
    onPath.add(node);
    for (const dependency of dependencies.get(node) ?? []) visit(dependency);
    path.pop();
    onPath.delete(node);
    done.add(node);
    order.push(node);
  };
  for (const node of dependencies.keys()) visit(node);
  return { order, cycles };
}
