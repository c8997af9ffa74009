/**
 * Durations as text: one grammar, `1m30s`, for every file, flag and message of Aether.
 *
 * Units are `w d h m s ms`, each at most once and in that order, with whole numbers; `0` needs no
 * unit. The configuration, blueprints and the CLI call it. It knows no clock and no calendar.
 *
 * @module
 */
import { AetherError } from "./errors.ts";

/** Milliseconds of each unit, longest first. */
const unitMs: ReadonlyMap<string, number> = new Map([
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
]);

const unitNames = [...unitMs.keys()];

/** Longer texts cannot be durations: six units of at most sixteen digits. */
const textLengthMax = 128;

/**
 * The milliseconds that a text such as `500ms`, `30s` or `1m30s` means.
 *
 * @throws {AetherError} `DURATION_INVALID`, naming the text and what to write instead
 *
 * @example
 * ```ts
 * import { parseDuration } from "./duration.ts";
 * console.assert(parseDuration("1m30s") === 90_000);
 * ```
 */
export function parseDuration(text: string): number {
  if (text === "0") return 0;
  refuseOtherForms(text);
  let totalMs = 0;
  let previousRank = -1;
  for (const [part, digits = "", unit = ""] of text.matchAll(/(\d+)([A-Za-zµ]+)/g)) {
    const rank = unitNames.indexOf(unit);
    if (rank < 0) throw invalid(text, `has the unknown unit "${unit}"; use w, d, h, m, s or ms`);
    if (rank === previousRank) throw invalid(text, `has the unit "${unit}" twice; add them up`);
    if (rank < previousRank) {
      throw invalid(text, `has "${part}" after a shorter unit; write the longest unit first`);
    }
    previousRank = rank;
    totalMs += Number(digits) * (unitMs.get(unit) ?? 0);
  }
  if (!Number.isSafeInteger(totalMs)) {
    throw invalid(text, `is too long; write at most ${formatDuration(Number.MAX_SAFE_INTEGER)}`);
  }
  return totalMs;
}

/**
 * The shortest text that {@link parseDuration} reads as these milliseconds; `0s` for zero.
 *
 * @throws {RangeError} when the number is not a whole number of milliseconds from zero up
 *
 * @example
 * ```ts
 * import { formatDuration } from "./duration.ts";
 * console.assert(formatDuration(90_000) === "1m30s");
 * ```
 */
export function formatDuration(durationMs: number): string {
  if (!Number.isSafeInteger(durationMs) || durationMs < 0) {
    throw new RangeError(`Cannot format ${durationMs} as a duration: use whole milliseconds`);
  }
  if (durationMs === 0) return "0s";
  let text = "";
  let restMs = durationMs;
  for (const [unit, sizeMs] of unitMs) {
    const count = Math.floor(restMs / sizeMs);
    if (count > 0) text += `${count}${unit}`;
    restMs -= count * sizeMs;
  }
  return text;
}

/** Names the mistake of a text that is not number-unit pairs, so that the fix is obvious. */
function refuseOtherForms(text: string): void {
  if (text.length > textLengthMax) {
    throw invalid(text.slice(0, 32) + "...", "is too long a text; write for example 1m30s");
  }
  if (/^(\d+[A-Za-zµ]+)+$/.test(text)) return;
  if (text === "") throw invalid(text, "is empty; write for example 30s");
  if (text.startsWith("-")) throw invalid(text, "is negative; write zero or more");
  if (/^\d+$/.test(text)) {
    throw invalid(text, `has no unit; write ${text}s for seconds or ${text}ms for milliseconds`);
  }
  if (/\s/.test(text)) throw invalid(text, "contains a space; write for example 1m30s");
  if (/^\d*[.,]\d+/.test(text)) {
    throw invalid(text, "has a fraction; write whole numbers, for example 1m30s or 1500ms");
  }
  throw invalid(text, "is not a number and a unit; write for example 500ms, 30s or 1m30s");
}

function invalid(text: string, problem: string): AetherError {
  return new AetherError("DURATION_INVALID", `Duration ${JSON.stringify(text)} ${problem}`);
}
