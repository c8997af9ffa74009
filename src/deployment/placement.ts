/**
 * How many instances each node should run.
 *
 * Shares differ by at most one. Where some node must have one more than another, it is one that has
 * it already, so that nothing moves without need. The reconciler calls it for each target.
 *
 * @module
 */

/** What a node runs of the artifact in question. */
export interface Load {
  readonly node: string;
  /** Instances that serve. */
  readonly active: number;
  /** Instances that are there, whatever their state. */
  readonly present: number;
}

/**
 * The share of each node.
 *
 * @param loads Nodes that may run the artifact.
 * @param wanted Instances in all; what does not fit is left out.
 * @param perNodeMax Most instances on one node.
 * @example
 * ```ts
 * import { sharesOf } from "./placement.ts";
 * const loads = [{ node: "a", active: 0, present: 0 }, { node: "b", active: 2, present: 2 }];
 * console.assert(sharesOf(loads, 3, 8).get("b") === 2);
 * ```
 */
export function sharesOf(
  loads: readonly Load[],
  wanted: number,
  perNodeMax: number,
): ReadonlyMap<string, number> {
  const placed = Math.min(wanted, loads.length * perNodeMax);
  const least = loads.length === 0 ? 0 : Math.floor(placed / loads.length);
  const extra = placed - least * loads.length;
  const inOrder = [...loads].sort((a, b) =>
    b.active - a.active || b.present - a.present || (a.node < b.node ? -1 : 1)
  );
  return new Map(inOrder.map(({ node }, index) => [node, index < extra ? least + 1 : least]));
}
