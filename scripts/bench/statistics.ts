/**
 * Medians and ranges of the few numbers that the rounds of a benchmark give.
 *
 * @module
 */

/** The middle of some measurements and how far they spread. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The spread of at least one number; an even count has the mean of its two middle ones as median.
 *
 * @example
 * ```ts
 * import { spreadOf } from "./statistics.ts";
 * spreadOf([3, 1, 2]); // { median: 2, min: 1, max: 3 }
 * ```
 */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("There is no measurement to take the median of");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

/** A spread with numbers that people can read: `digits` significant ones. */
export function rounded(spread: Spread, digits = 4): Spread {
  const round = (value: number) => Number(value.toPrecision(digits));
  return { median: round(spread.median), min: round(spread.min), max: round(spread.max) };
}

/** Element by element quotients of two series of the same rounds. */
export function quotients(over: readonly number[], under: readonly number[]): number[] {
  if (over.length !== under.length) throw new RangeError("The two series have different lengths");
  return over.map((value, index) => value / (under[index] ?? NaN));
}
