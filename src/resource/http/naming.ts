/**
 * Names of properties in JSON bodies: camelCase in slices, whatever the other service wants on the
 * wire.
 *
 * @module
 */

/** How names are written on the wire; `as-is` changes nothing. */
export type JsonNaming = "as-is" | "snake" | "kebab" | "pascal";

const depthMax = 100;

/**
 * JSON text with the names that the service wants.
 *
 * @example
 * ```ts
 * import { toWire } from "./naming.ts";
 * console.assert(toWire('{"orderId":1}', "snake") === '{"order_id":1}');
 * ```
 */
export function toWire(json: string, naming: JsonNaming): string {
  return naming === "as-is" ? json : renamed(json, writers[naming]);
}

/** JSON text with the names in camelCase. */
export function fromWire(json: string, naming: JsonNaming): string {
  return naming === "as-is" ? json : renamed(json, readers[naming]);
}

type Rename = (name: string) => string;

const writers: Readonly<Record<Exclude<JsonNaming, "as-is">, Rename>> = {
  snake: (name) => separated(name, "_"),
  kebab: (name) => separated(name, "-"),
  pascal: (name) => name.charAt(0).toUpperCase() + name.slice(1),
};

const readers: typeof writers = {
  snake: (name) => joined(name, /(?<=[a-z0-9])_+([a-z0-9])/g),
  kebab: (name) => joined(name, /(?<=[a-z0-9])-+([a-z0-9])/g),
  pascal: (name) => name.charAt(0).toLowerCase() + name.slice(1),
};

function separated(name: string, separator: string): string {
  return name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => separator + letter.toLowerCase());
}

function joined(name: string, pattern: RegExp): string {
  return name.replaceAll(pattern, (_, letter: string) => letter.toUpperCase());
}

function renamed(json: string, rename: Rename): string {
  return JSON.stringify(walk(JSON.parse(json), rename, 0));
}

function walk(value: unknown, rename: Rename, depth: number): unknown {
  if (depth > depthMax) throw new RangeError(`JSON is nested deeper than ${depthMax}`);
  if (Array.isArray(value)) return value.map((item) => walk(item, rename, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, child]) => [rename(name), walk(child, rename, depth + 1)]),
  );
}
