/**
 * Sizes in bytes as text: `512KiB`, `64MiB`, `1GiB`, decimal `10MB`, plain `100B`.
 *
 * One whole number and one unit; `0` needs no unit. The configuration, manifests and the CLI call
 * it. Binary and decimal units are never mixed up: `KB` is 1000 bytes, `KiB` is 1024.
 *
 * @module
 */
import { AetherError } from "./errors.ts";

/** Bytes of each unit. */
const unitBytes: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["KB", 1000],
  ["MB", 1000 ** 2],
  ["GB", 1000 ** 3],
  ["TB", 1000 ** 4],
  ["KiB", 1024],
  ["MiB", 1024 ** 2],
  ["GiB", 1024 ** 3],
  ["TiB", 1024 ** 4],
]);

/**
 * The bytes that a text such as `512KiB`, `64MiB` or `10MB` means.
 *
 * @throws {AetherError} `SIZE_INVALID`, naming the text and what to write instead
 *
 * @example
 * ```ts
 * import { parseByteSize } from "./byte_size.ts";
 * console.assert(parseByteSize("64MiB") === 67_108_864);
 * ```
 */
export function parseByteSize(text: string): number {
  if (text === "0") return 0;
  const match = /^(\d{1,32})([A-Za-z]+)$/.exec(text);
  if (match === null) throw invalid(text, otherForm(text));
  const [, digits = "", unit = ""] = match;
  const size = unitBytes.get(unit);
  if (size === undefined) {
    throw invalid(text, `has the unknown unit "${unit}"; ${unitAdvice(digits, unit)}`);
  }
  const bytes = Number(digits) * size;
  if (!Number.isSafeInteger(bytes)) throw invalid(text, "is too large; write at most 8191TiB");
  return bytes;
}

/**
 * The shortest exact text of a size, in binary units where both are exact: `64MiB`, `1500B`.
 *
 * @throws {RangeError} when the number is not a whole number of bytes from zero up
 *
 * @example
 * ```ts
 * import { formatByteSize } from "./byte_size.ts";
 * console.assert(formatByteSize(67_108_864) === "64MiB");
 * ```
 */
export function formatByteSize(bytes: number): string {
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new RangeError(`Cannot format ${bytes} as a size: use whole bytes`);
  }
  let best = { count: bytes, unit: "B" };
  for (const [unit, size] of unitBytes) {
    const count = bytes / size;
    // Binary units come later in the table, so "less or equal" prefers them.
    if (count >= 1 && Number.isInteger(count) && count <= best.count) best = { count, unit };
  }
  return `${best.count}${best.unit}`;
}

/** What is wrong with a text that is not a number and a unit. */
function otherForm(text: string): string {
  if (text === "") return "is empty; write for example 64MiB";
  if (text.startsWith("-")) return "is negative; write zero or more";
  if (/^\d{1,32}$/.test(text)) return `has no unit; write ${text}B, ${text}KiB or ${text}MiB`;
  if (/\s/.test(text)) return "contains a space; write for example 64MiB";
  if (/^\d*[.,]\d+/.test(text)) {
    return "has a fraction; write a whole number of a smaller unit, for example 1536KiB";
  }
  return "is not a number and a unit; write for example 512KiB, 64MiB or 1GiB";
}

function unitAdvice(digits: string, unit: string): string {
  const near = [...unitBytes.keys()].filter((name) =>
    name[0]?.toUpperCase() === unit[0]?.toUpperCase()
  );
  return near.length > 0
    ? `write ${near.map((name) => digits + name).join(" or ")}`
    : "use B, KiB, MiB, GiB or TiB";
}

function invalid(text: string, problem: string): AetherError {
  const shown = text.length > 64 ? text.slice(0, 32) + "..." : text;
  return new AetherError("SIZE_INVALID", `Size ${JSON.stringify(shown)} ${problem}`);
}
