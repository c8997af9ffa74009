/**
 * Smooth weighted round robin: takes turns by weight, spread out rather than in runs.
 *
 * With weights 5, 1 and 1 the turns are aabacaa. Candidates may change from turn to turn; each
 * keeps its credit while it is one. Pure; the gateway picks versions of a slice with it.
 *
 * @module
 */

/** Something that takes turns; it keeps its own credit. */
export interface Weighted {
  /** Share of the turns, 0 for none. */
  readonly weight: number;
  /** What it is owed; 0 at first, changed by {@link nextWeighted} only. */
  credit: number;
}

/**
 * The candidate whose turn it is; undefined when all weights are 0.
 *
 * @example
 * ```ts
 * import { nextWeighted } from "./weighted.ts";
 * const [a, b] = [{ name: "a", weight: 2, credit: 0 }, { name: "b", weight: 1, credit: 0 }];
 * const turns = [1, 2, 3].map(() => nextWeighted([a, b])?.name);
 * console.assert(turns.join("") === "aba");
 * ```
 */
export function nextWeighted<Candidate extends Weighted>(
  candidates: readonly Candidate[],
): Candidate | undefined {
  let best: Candidate | undefined;
  let total = 0;
  for (const candidate of candidates) {
    if (candidate.weight <= 0) continue;
    total += candidate.weight;
    candidate.credit += candidate.weight;
    if (best === undefined || candidate.credit > best.credit) best = candidate;
  }
  if (best !== undefined) best.credit -= total;
  return best;
}
