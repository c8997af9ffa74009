/**
 * The layers of a configuration: flags over variables over the file.
 *
 * Makes one tree of what was given and remembers where each value came from. Defaults are the
 * schema's business, references the business of `secrets.ts`.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { nearest } from "../../base/text/nearest.ts";
import { type ConfigKey, configKeys, keyOfFlag, otherVariables, variablePrefix } from "./keys.ts";
import { parseToml, type TomlDocument } from "../toml.ts";
import { copyTree, getAt, type Path, setAt, type Tree } from "./paths.ts";
import { configError, type ConfigIssue } from "./problems.ts";
import { isSecretName } from "./secrets.ts";

/** A configuration file as it was read. */
export interface ConfigFile {
  /** Name for messages and sources, normally the path that the user gave. */
  readonly name: string;
  /** Its content. */
  readonly text: string;
}

/** Values of flags by name, `management-port` or `managementPort`; undefined means not given. */
export type FlagValues = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** All layers in one tree. */
export interface Layers {
  /** The values, still with references, texts of variables read by {@link readText}. */
  readonly tree: Tree;
  /** Where values that are not from the file come from, by path: `flag --port`, `env APP_PORT`. */
  readonly overrides: ReadonlyMap<string, string>;
  /** The line of the file that has the key at a path or, if none, a table around it. */
  lineOf(path: Path): number | undefined;
  /** Variables that were read although their names say that they hold secrets. */
  readonly secretVariables: readonly string[];
  /** Variables that look like configuration and are not. */
  readonly warnings: readonly ConfigIssue[];
}

/**
 * Puts the layers together.
 *
 * @throws {AetherError} `CONFIG_INVALID` when the file is not TOML, with its line
 */
export function mergeLayers(
  file: ConfigFile | undefined,
  env: Readonly<Record<string, string>>,
  flags: FlagValues,
): Layers {
  const document = parseFile(file);
  const tree = copyTree(document.value) as Tree;
  const overrides = new Map<string, string>();
  const secretVariables: string[] = [];
  for (const key of configKeys) {
    // An empty variable counts as not set: it is how many tools pass "nothing".
    const variable = key.variables.find((name) => Object.hasOwn(env, name) && env[name] !== "");
    if (variable === undefined) continue;
    if (isSecretName(variable)) secretVariables.push(variable);
    if (setAt(tree, key.path.split("."), readText(key, env[variable] ?? ""))) {
      overrides.set(key.path, `env ${variable}`);
    }
  }
  for (const [flag, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const key = keyOfFlag(flag);
    assert(key?.flag !== undefined, `Flag --${flag} sets no configuration key`);
    const given = typeof value === "string" ? readText(key, value) : copyTree(value);
    if (setAt(tree, key.path.split("."), given)) overrides.set(key.path, `flag --${key.flag}`);
  }
  return {
    tree,
    overrides,
    lineOf: (path) => document.lineOf(path),
    secretVariables,
    warnings: unknownVariables(env),
  };
}

/**
 * A text from a variable, a flag or a reference as the kind of value that the key needs: numbers,
 * `true` and `false`, lists separated by commas. What does not fit stays text, so that the schema
 * reports it.
 */
export function readText(key: ConfigKey, text: string): unknown {
  switch (key.kind) {
    case "integer":
      return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "list":
    case "paths":
    case "peers":
      return text.split(",").map((element) => element.trim());
    default:
      return text;
  }
}

/** The keys whose values the tree has as texts that came from references; see {@link readText}. */
export function readReferencedTexts(tree: Tree, changed: ReadonlySet<string>): void {
  for (const key of configKeys) {
    if (!changed.has(key.path)) continue;
    const path = key.path.split(".");
    const value = getAt(tree, path);
    if (typeof value === "string") setAt(tree, path, readText(key, value));
  }
}

function parseFile(file: ConfigFile | undefined): TomlDocument {
  const document = parseToml(file?.text ?? "");
  if (file === undefined || document.issues.length === 0) return document;
  throw configError(
    document.issues.map((issue) => ({ ...issue, name: "CONFIG_INVALID" })),
    file.name,
  );
}

function unknownVariables(env: Readonly<Record<string, string>>): ConfigIssue[] {
  const known = new Set([...configKeys.flatMap((key) => key.variables), ...otherVariables]);
  const warnings: ConfigIssue[] = [];
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith(variablePrefix) || known.has(variable)) continue;
    const near = nearest(variable, known);
    const advice = variable === "AETHER_MANAGEMENT_KEYS"
      ? "write [[management.keys]] tables in the file"
      : near === undefined
      ? "docs/reference/configuration.md lists all names"
      : `did you mean ${near}?`;
    const message = `Variable ${variable} sets nothing; ${advice}`;
    warnings.push({ name: "CONFIG_INVALID", path: variable, message });
  }
  return warnings;
}
