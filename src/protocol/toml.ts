/**
 * TOML text to plain values, with the line of every key: the only user of the `smol-toml` package.
 *
 * It knows syntax only. What keys mean and which types they have is checked by the schema of the
 * caller: the configuration, slice.toml, blueprints. Problems are answered as issues, never thrown,
 * so that callers can report all of them under their own error name.
 *
 * @module
 */
import { parse, stringify, TomlError } from "smol-toml";
import type { Issue } from "../base/errors.ts";
import { pathText, tomlLines } from "./toml_lines.ts";

export { pathText };

/** Names and indexes from the root of a document to a value, as zod reports them. */
export type TomlPath = readonly PropertyKey[];

/** A parsed document. */
export interface TomlDocument {
  /** Tables as objects without prototype; empty when the syntax is wrong. */
  readonly value: Readonly<Record<string, unknown>>;
  /** The syntax error, with its line; empty when the text is TOML. */
  readonly issues: readonly Issue[];
  /**
   * Line, from 1, of the key or array element at this path. A path that is not in the text gets the
   * line of the nearest table around it; undefined when there is none.
   */
  lineOf(path: TomlPath): number | undefined;
}

/**
 * Parses TOML. Never throws; the caller limits the length of the text.
 *
 * @example
 * ```ts
 * import { parseToml } from "./toml.ts";
 * const document = parseToml('[node]\nid = "n1"\n');
 * console.assert(document.issues.length === 0 && document.lineOf(["node", "id"]) === 2);
 * ```
 */
export function parseToml(text: string): TomlDocument {
  let value: Record<string, unknown>;
  try {
    value = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return { value: {}, issues: [syntaxIssue(text, error)], lineOf: () => undefined };
  }
  // Most documents are right and never asked for a line.
  let lines: ReadonlyMap<string, number> | undefined;
  return {
    value,
    issues: [],
    lineOf(path) {
      lines ??= tomlLines(text);
      for (let length = path.length; length > 0; length--) {
        const line = lines.get(pathText(path.slice(0, length)));
        if (line !== undefined) return line;
      }
      return undefined;
    },
  };
}

function syntaxIssue(text: string, error: TomlError): Issue {
  const reason = (error.message.split("\n", 1)[0] ?? "").replace(/^Invalid TOML document: /, "");
  const source = (text.split("\n", error.line)[error.line - 1] ?? "").trim().slice(0, 80);
  return {
    path: "(syntax)",
    message: `${reason.charAt(0).toUpperCase()}${reason.slice(1)} at column ${error.column} of ` +
      `"${source}"`,
    line: error.line,
  };
}

/** The text of a document; its comments are lost, its values are not. */
export function formatToml(value: Readonly<Record<string, unknown>>): string {
  return stringify(value);
}
