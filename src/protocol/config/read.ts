/**
 * Reading a configuration: layers, references, schema and relations, in one pass that reports every
 * problem it can find.
 *
 * Pure except for the secret providers it is given; `src/io/config` gives it files and the
 * environment.
 *
 * @module
 */
import { configKeys, resourceLeaves } from "./keys.ts";
import {
  type ConfigFile,
  type FlagValues,
  type Layers,
  mergeLayers,
  readReferencedTexts,
} from "./layers.ts";
import { checkConfig, type Config } from "./config.ts";
import { pathText } from "../toml.ts";
import { getAt, isTree, type Path, setAt, type Tree } from "./paths.ts";
import { configError, type ConfigIssue, locate, type Origins } from "./problems.ts";
import {
  environmentSecrets,
  interpolate,
  type Interpolation,
  type SecretProvider,
} from "./secrets.ts";
import type { Issue } from "../../base/errors.ts";

/** What a configuration is made from. */
export interface ConfigInputs {
  /** The file, when there is one. */
  readonly file?: ConfigFile;
  /** Environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Flags of the command line. */
  readonly flags: FlagValues;
  /** The provider for `${secrets:path}` over a directory. */
  readonly secretsIn: (directory: string) => SecretProvider;
  /** Makes a path of the file absolute; paths count from the file's folder. Default: unchanged. */
  readonly resolvePath?: (path: string) => string;
  /** What a node keeps in its data directory that joined with a token. Default: nothing. */
  readonly joinedIn?: (dataDir: string) => Promise<JoinedFiles | undefined>;
}

/** Certificates and peers of a node that joined with a token. */
export interface JoinedFiles {
  readonly tls: { readonly ca: string; readonly certificate: string; readonly key: string };
  /** As `id:host:port`. */
  readonly peers: readonly string[];
}

/** A configuration with its history. */
export interface LoadedConfig {
  readonly config: Config;
  /**
   * Where the value at each path comes from, in the order of the schema: `flag --port`,
   * `env AETHER_APP_PORT`, `file aether.toml:12` or `default`.
   */
  readonly sources: ReadonlyMap<string, string>;
  /** Paths whose values contain secrets and are never shown. */
  readonly secretPaths: ReadonlySet<string>;
  /** Variables that held secrets; the caller deletes them from the environment. */
  readonly secretVariables: readonly string[];
  /** What is allowed but probably not meant. */
  readonly warnings: readonly Issue[];
}

/**
 * Reads a configuration.
 *
 * @throws {AetherError} one error with all issues: `CONFIG_INVALID`, or `SECRET_MISSING` or
 * `INSECURE_LISTENER` when all issues are of that sort
 */
export async function readConfig(inputs: ConfigInputs): Promise<LoadedConfig> {
  const { file } = inputs;
  const merged = mergeLayers(file, inputs.env, inputs.flags);
  const found = await replaceReferences(merged, inputs);
  readReferencedTexts(merged.tree, found.changed);
  if (inputs.resolvePath !== undefined) resolvePaths(merged, inputs.resolvePath);
  const layers = inputs.joinedIn === undefined ? merged : await withJoined(merged, inputs.joinedIn);
  const origins = originsOf(layers, found);
  const checked = checkConfig(layers.tree, origins);
  const hide = (issue: ConfigIssue) => ({ ...issue, message: hidden(issue.message, found) });
  const issues = [
    ...found.problems.map(({ name, path, message }) => locate(path, message, origins, name)),
    ...checked.issues.filter((issue) => !concerns(issue.path, found.failedPaths)).map(hide),
  ];
  if (issues.length > 0 || checked.config === undefined) {
    throw configError(issues, file?.name ?? "The configuration");
  }
  return {
    config: checked.config,
    sources: sourcesOf(layers, checked.config, file),
    secretPaths: found.secretPaths,
    secretVariables: [...new Set([...layers.secretVariables, ...found.secretVariables])],
    warnings: [...layers.warnings, ...checked.warnings.map(hide)]
      .map(({ name: _, ...issue }) => issue),
  };
}

/** Replaces references; the directory of secrets comes first, from variables only. */
async function replaceReferences(layers: Layers, inputs: ConfigInputs): Promise<Interpolation> {
  const { tree } = layers;
  const env = environmentSecrets(inputs.env);
  const directory = getAt(tree, ["secrets", "directory"]);
  if (typeof directory !== "string") return await interpolate(tree, { env, secrets: undefined });

  const table = tree.secrets;
  const alone: Tree = { secrets: { directory } };
  const first = await interpolate(alone, { env, secrets: undefined });
  const text = String(getAt(alone, ["secrets", "directory"]));
  const isUsable = first.failedPaths.size === 0 && text !== "";
  // What a reference gave must not be searched for references again.
  if (isTree(table)) delete table.directory;
  const rest = await interpolate(tree, {
    env,
    secrets: isUsable ? inputs.secretsIn(absolute(text, layers, inputs)) : undefined,
  });
  setAt(tree, ["secrets", "directory"], text);
  return {
    changed: new Set([...first.changed, ...rest.changed]),
    secretPaths: new Set([...first.secretPaths, ...rest.secretPaths]),
    failedPaths: new Set([...first.failedPaths, ...rest.failedPaths]),
    secretVariables: new Set([...first.secretVariables, ...rest.secretVariables]),
    secretTexts: new Set([...first.secretTexts, ...rest.secretTexts]),
    problems: [...first.problems, ...rest.problems],
  };
}

function absolute(directory: string, layers: Layers, inputs: ConfigInputs): string {
  if (layers.overrides.has("secrets.directory")) return directory;
  return inputs.resolvePath?.(directory) ?? directory;
}

/** Makes the paths that stand in the file absolute. */
function resolvePaths(layers: Layers, resolvePath: (path: string) => string): void {
  for (const { path, kind } of configKeys) {
    if ((kind !== "path" && kind !== "paths") || layers.overrides.has(path)) continue;
    const names = path.split(".");
    const value = getAt(layers.tree, names);
    const resolve = (text: unknown) =>
      typeof text === "string" && text !== "" ? resolvePath(text) : text;
    if (value === undefined) continue;
    setAt(layers.tree, names, Array.isArray(value) ? value.map(resolve) : resolve(value));
  }
}

/** A node that joined uses what it got then, unless it is told otherwise. */
async function withJoined(
  layers: Layers,
  joinedIn: NonNullable<ConfigInputs["joinedIn"]>,
): Promise<Layers> {
  const { tree } = layers;
  const overrides = new Map(layers.overrides);
  const dataDir = getAt(tree, ["node", "dataDir"]);
  if (typeof dataDir !== "string" || getAt(tree, ["tls"]) !== undefined) {
    return layers;
  }
  const joined = await joinedIn(dataDir);
  if (joined === undefined) return layers;
  const add = (path: readonly [string, string], value: unknown) => {
    if (setAt(tree, path, value)) overrides.set(path.join("."), `joined ${dataDir}`);
  };
  for (const [name, path] of Object.entries(joined.tls)) add(["tls", name], path);
  const hasPeers = getAt(tree, ["cluster", "peers"]) !== undefined;
  if (!hasPeers && joined.peers.length > 0) add(["cluster", "peers"], [...joined.peers]);
  return { ...layers, overrides };
}

function originsOf(layers: Layers, found: Interpolation): Origins {
  const prefixes = (path: Path) => path.map((_, index) => pathText(path.slice(0, index + 1)));
  return {
    sourceAt: (path) => {
      const overridden = prefixes(path).find((prefix) => layers.overrides.has(prefix));
      return overridden === undefined ? undefined : layers.overrides.get(overridden);
    },
    lineAt: (path) => layers.lineOf(path),
    isSecret: (path) =>
      prefixes(path).some((prefix) => found.secretPaths.has(prefix)) ||
      [...found.secretPaths].some((secret) => isInside(secret, pathText(path))),
  };
}

/** A message without the secrets that it may quote. */
function hidden(message: string, found: Interpolation): string {
  let text = message;
  for (const secret of found.secretTexts) {
    if (secret !== "") text = text.replaceAll(secret, () => "***");
  }
  return text;
}

/** Whether a path is one of the others, inside of one, or around one. */
function concerns(path: string, others: ReadonlySet<string>): boolean {
  return [...others].some((other) =>
    path === other || isInside(path, other) || isInside(other, path)
  );
}

function isInside(path: string, outer: string): boolean {
  return path.startsWith(`${outer}.`) || path.startsWith(`${outer}[`);
}

function sourcesOf(
  layers: Layers,
  config: Config,
  file: ConfigFile | undefined,
): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  const add = (path: Path, isGiven: boolean) => {
    const text = pathText(path);
    const line = layers.lineOf(path);
    const inFile = `file ${file?.name}${line === undefined ? "" : `:${line}`}`;
    sources.set(text, layers.overrides.get(text) ?? (isGiven ? inFile : "default"));
  };
  for (const { path, kind } of configKeys) {
    if (path.includes("[]")) continue;
    const names = path.split(".");
    add(names, getAt(layers.tree, names) !== undefined);
    if (kind !== "tables") continue;
    config.management.keys.forEach((key, index) => {
      for (const name of Object.keys(key)) add([...names, index, name], true);
    });
  }
  for (const { path } of resourceLeaves(config.resources)) add(path, true);
  return sources;
}
