/**
 * Parsers for the values of options. Each throws an error that names the text and what to write.
 *
 * @module
 */
import { AetherError } from "../src/base/errors.ts";
import { parseDuration } from "../src/base/duration.ts";
import { nearest } from "../src/base/text/nearest.ts";

/** A whole number from 0 to a largest one. */
export function wholeNumber(
  maximum = Number.MAX_SAFE_INTEGER,
  minimum = 0,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d{1,16}$/.test(text) && value >= minimum && value <= maximum) return value;
    const range = maximum === Number.MAX_SAFE_INTEGER
      ? `from ${minimum} up`
      : `from ${minimum} to ${maximum}`;
    throw wrong(text, `is not a whole number ${range}`);
  };
}

/** A port as text, checked; 0 means any free port. */
export function portText(text: string): string {
  return String(wholeNumber(65_535)(text));
}

/** One of several words. */
export function choice<const Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const guess = nearest(text, words);
    const advice = guess === undefined ? "" : `; did you mean ${guess}?`;
    throw wrong(text, `is none of ${words.join(", ")}${advice}`);
  };
}

/** A duration of more than nothing, in milliseconds. */
export function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms > 0 && ms <= 7 * 86_400_000) return ms;
  throw wrong(text, "is out of range; write more than 0 and at most 7d");
}

/** How long a certificate is to hold, in milliseconds. */
export function validity(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 60_000 && ms <= 10_000 * 86_400_000) return ms;
  throw wrong(text, "is out of range; write 1m to 10000d");
}

function wrong(text: string, problem: string): AetherError {
  return new AetherError("USAGE", `${JSON.stringify(text)} ${problem}`);
}
