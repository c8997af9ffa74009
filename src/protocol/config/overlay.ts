/**
 * Overrides at run time: values of single keys over those of a node's file, variables and flags.
 *
 * They live in the store, for the cluster or for one node; the node's own win. Here is what may be
 * overridden and what comes out; `src/node/control/config_overlay.ts` follows the store.
 *
 * @module
 */
import { formatByteSize } from "../../base/byte_size.ts";
import { formatDuration } from "../../base/duration.ts";
import { nearest } from "../../base/text/nearest.ts";
import { checkConfig, type Config, type Peer } from "./config.ts";
import { describeConfig, formatPeer, valuePath } from "./describe.ts";
import { type ConfigKey, configKeys, configValuePath, keyAt } from "./keys.ts";
import { readText } from "./layers.ts";
import { copyTree, getAt, isTree, setAt, type Tree } from "./paths.ts";
import { pathText } from "../toml.ts";
import { configError, type ConfigIssue } from "./problems.ts";
import type { LoadedConfig } from "./read.ts";

/** When an override takes effect; "fixed": never, so it is refused. */
export type OverrideEffect = "live" | "restart" | "fixed";

/** A value over that of the file. */
export interface Override {
  /** E.g. `log.level`. */
  readonly key: string;
  /** As it would stand in the file; a text is read as the key needs it. */
  readonly value: unknown;
  /** The only node for which it holds; undefined: all. */
  readonly node: string | undefined;
}

/** A configuration with its history, as far as it can cross threads. */
export interface ConfigOrigin {
  /** Where the value at each path comes from. */
  readonly sources: Readonly<Record<string, string>>;
  /** Paths whose values are never shown. */
  readonly secretPaths: readonly string[];
}

/** A node's configuration and where it comes from. */
export type KnownConfig = Pick<LoadedConfig, "config" | "sources" | "secretPaths">;

/** What overrides make of a configuration. */
export interface Overridden {
  readonly known: KnownConfig;
  /** Empty when `known` has all overrides, else it is as it was. */
  readonly issues: readonly ConfigIssue[];
}

const liveKeys = new Set([
  "log.level",
  "log.format",
  "app.maxBodyBytes",
  "app.requestTimeout",
  "app.maxInFlightPerInstance",
  "app.maxStreamBytes",
  "app.headerTimeout",
  "app.bodyTimeout",
  "app.idleTimeout",
  "app.writeTimeout",
  "app.maxConnections",
  "app.trustedProxies",
  "app.cors.origins",
  "app.cors.headers",
  "app.cors.credentials",
  "app.cors.cacheTimeout",
  "app.accessLog",
  "app.accessLogPerSecond",
  "calls.answerTimeout",
  "calls.forwardTimeout",
  "calls.maxBytes",
  "calls.maxDepth",
  "calls.interceptorsOff",
  "management.maxBodyBytes",
  "management.maxInFlight",
  "management.maxWatches",
  "management.requestTimeout",
  "store.historyRevisions",
  "artifact.maxBytes",
  "sandbox.startTimeout",
  "sandbox.stopTimeout",
  "deployment.loadingTimeout",
  "deployment.startingTimeout",
  "deployment.unloadingTimeout",
  "deployment.drainTimeout",
  "deployment.shutdownTimeout",
  "scaling.enabled",
  "scaling.dryRun",
  "scaling.upInFlight",
  "scaling.downInFlight",
  "scaling.upCpuPercent",
  "scaling.downCpuPercent",
  "scaling.maxInstances",
  "cluster.size",
  "cluster.healTimeout",
  "backup.interval",
  "backup.keep",
]);
// What a node reads after it has opened the store.
const restartKeys = new Set(["management.hosts", "sandbox.tier"]);
const restartPrefix = "sandbox.max.";

/** When an override of a key takes effect. */
export function effectOf(key: string): OverrideEffect {
  if (liveKeys.has(key) || configValuePath(key) !== undefined) return "live";
  return restartKeys.has(key) || key.startsWith(restartPrefix) ? "restart" : "fixed";
}

/** Why a key cannot be overridden at all; undefined when it can. */
function overrideIssue(key: string, config: Config): ConfigIssue | undefined {
  const path = configValuePath(key);
  if (path !== undefined) {
    const section = path[1] ?? "";
    if (config.resources[section]?.type === "config") return undefined;
    const message = `There is no section [resources.${section}] with type = "config"; add it to ` +
      "the file";
    return { name: "CONFIG_INVALID", path: key, message };
  }
  if (keyAt(key) === undefined || key.includes("[")) {
    const near = nearest(key, configKeys.map(({ path }) => path));
    const advice = near === undefined ? "`aether config list` shows all" : `did you mean ${near}?`;
    return {
      name: "CONFIG_INVALID",
      path: key,
      message: `Unknown key ${JSON.stringify(key)}; ${advice}`,
    };
  }
  if (effectOf(key) !== "fixed") return undefined;
  const message = `Key ${key} is read before the store is open; set it in the file and restart`;
  return { name: "CONFIG_INVALID", path: key, message };
}

/** The configuration of a node with overrides; those of the node itself win. */
export function withOverrides(
  base: KnownConfig,
  overrides: readonly Override[],
  node: string,
): Overridden {
  const ours = overrides.filter((each) => each.node === undefined || each.node === node);
  if (ours.length === 0) return { known: base, issues: [] };
  const tree = configTree(base.config);
  const sources = new Map(base.sources);
  const ordered = [...ours].sort((a, b) =>
    Number(a.node !== undefined) - Number(b.node !== undefined)
  );
  const issues: ConfigIssue[] = [];
  for (const { key, value, node: only } of ordered) {
    const issue = overrideIssue(key, base.config);
    if (issue !== undefined) issues.push(issue);
    if (issue !== undefined) continue;
    const known = keyAt(key);
    const path = key.split(".");
    if (known !== undefined) {
      setAt(tree, path, typeof value === "string" ? readText(known, value) : value);
    } else setAt(tree, path, valueLike(getAt(base.config, path), value));
    sources.set(key, only === undefined ? "override cluster" : `override node ${only}`);
  }
  const checked = checkConfig(tree, {
    sourceAt: (path) => {
      const source = sources.get(pathText(path));
      return source?.startsWith("override") ? source : undefined;
    },
    lineAt: () => undefined,
    isSecret: (path) => base.secretPaths.has(pathText(path)),
  });
  issues.push(...checked.issues);
  if (issues.length > 0 || checked.config === undefined) return { known: base, issues };
  return { known: { ...base, config: checked.config, sources }, issues };
}

/** A text from the command line as the kind of value that the file has there. */
function valueLike(model: unknown, value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (typeof model === "number" && value.trim() !== "" && Number.isFinite(Number(value))) {
    return Number(value);
  }
  if (typeof model === "boolean") {
    return value === "true" ? true : value === "false" ? false : value;
  }
  return Array.isArray(model) ? value.split(",").map((element) => element.trim()) : value;
}

/** One key of a node with where its value comes from. */
export interface EffectiveKey {
  readonly key: string;
  /** As JSON; empty when it is not set; `***` for a secret. */
  readonly value: string;
  readonly source: string;
  readonly effect: OverrideEffect;
  /** What it would be without the override. */
  readonly base?: { readonly value: string; readonly source: string };
}

/** Every key with its value, source, and what an override hides. */
export function effectiveKeys(base: KnownConfig, known: KnownConfig): EffectiveKey[] {
  const before = new Map(describeConfig(base).map((row) => [row.path, row]));
  return describeConfig(known).map(({ path, value, source }) => {
    const hidden = source.startsWith("override ") ? before.get(path) : undefined;
    const effect = effectOf(path);
    if (hidden === undefined) return { key: path, value, source, effect };
    const { value: former, source: origin } = hidden;
    return { key: path, value, source, effect, base: { value: former, source: origin } };
  });
}

/** The known configuration of a start; without an origin all is said to be given. */
export function knownConfig(config: Config, origin: ConfigOrigin | undefined): KnownConfig {
  const paths = configKeys.map(({ path }) => path).filter((path) => !path.includes("[]"));
  return {
    config,
    sources: new Map(
      origin === undefined ? paths.map((path) => [path, "given"]) : Object.entries(origin.sources),
    ),
    secretPaths: new Set(origin?.secretPaths),
  };
}

/** The error for overrides that are not valid. */
export function overrideError(issues: readonly ConfigIssue[]) {
  return configError(issues, "The override");
}

/** The configuration as it would stand in a file. */
export function configTree(config: Config): Tree {
  const tree: Tree = {};
  for (const key of configKeys) {
    if (key.path.includes("[]")) continue;
    const value = getAt(config, valuePath(key.path));
    if (value !== undefined) setAt(tree, key.path.split("."), written(value, key));
  }
  return tree;
}

function written(value: unknown, { kind }: ConfigKey): unknown {
  if (kind === "duration") return formatDuration(Number(value));
  if (kind === "size") return formatByteSize(Number(value));
  if (kind === "resources") return copyTree(value);
  if (!Array.isArray(value)) return value;
  return value.map((element) =>
    kind === "peers" && isTree(element) ? formatPeer(element as unknown as Peer) : copyTree(element)
  );
}
