/**
 * The nearest name to a mistyped one, for "did you mean" in error messages.
 *
 * Validators of files, flags and variables call it. It compares letters only, no meanings.
 *
 * @module
 */

/** Longer words are no typing mistakes of anything; also bounds the work. */
const wordLengthMax = 128;

/**
 * How many single-letter changes, or swaps of two neighbours, turn one word into the other.
 *
 * @example
 * ```ts
 * import { editDistance } from "./nearest.ts";
 * console.assert(editDistance("prot", "port") === 1);
 * ```
 */
export function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let best = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 &&
        left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/**
 * The candidate that a mistyped word most likely means, or undefined when none is close: at most
 * a third of its letters may differ. Case, `-` and `_` do not count; the first of equals wins.
 *
 * @example
 * ```ts
 * import { nearest } from "./nearest.ts";
 * console.assert(nearest("max_body_byte", ["port", "maxBodyBytes"]) === "maxBodyBytes");
 * ```
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > wordLengthMax) return undefined;
  const wanted = letters(word);
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  let best: string | undefined;
  for (const candidate of candidates) {
    if (candidate.length > wordLengthMax) continue;
    const distance = editDistance(wanted, letters(candidate));
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

function letters(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, "");
}
