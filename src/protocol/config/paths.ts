/**
 * Reading, writing and copying trees of plain data by path, such as `["node", "id"]`.
 *
 * The configuration is such a tree until the schema has seen it. Nothing here follows a prototype.
 * The texts of paths are the business of `../toml.ts`.
 *
 * @module
 */

/** Names of tables and positions in lists, from the outermost. */
export type Path = readonly (string | number)[];

/** A table of plain data. */
export type Tree = Record<string, unknown>;

/** Whether the value is a table: not a list, not a date of TOML. */
export function isTree(value: unknown): value is Tree {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** The value at a path, or undefined when there is none. */
export function getAt(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) {
      return undefined;
    }
    value = (value as Tree)[part];
  }
  return value;
}

/**
 * Puts a value at a path of tables, making the tables that are missing.
 *
 * @returns false when something that is not a table is in the way; then nothing is changed
 */
export function setAt(tree: Tree, path: readonly string[], value: unknown): boolean {
  let table = tree;
  for (const part of path.slice(0, -1)) {
    if (!Object.hasOwn(table, part)) table[part] = Object.create(null);
    const next = table[part];
    if (!isTree(next)) return false;
    table = next;
  }
  const last = path.at(-1);
  if (last === undefined) return false;
  table[last] = value;
  return true;
}

/** A deep copy whose tables have no prototype, so that no name in it means anything special. */
export function copyTree(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyTree);
  if (!isTree(value)) return value;
  const copy: Tree = Object.create(null);
  for (const [name, child] of Object.entries(value)) copy[name] = copyTree(child);
  return copy;
}
