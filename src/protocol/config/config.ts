/**
 * {@link Config}: the checked, frozen configuration that the rest of Aether receives.
 *
 * Durations are numbers of milliseconds in keys that end in `Ms`; sizes are numbers of bytes
 * in keys that end in `Bytes`. Rules between keys are checked here. Where the values come from is
 * the business of `read.ts`.
 *
 * @module
 */
import type { z } from "zod";
import {
  configError,
  type ConfigIssue,
  locate,
  noOrigins,
  type Origins,
  schemaIssues,
} from "./problems.ts";
import { callDeadlines } from "./sections/deadlines.ts";
import { isTree, type Tree } from "./paths.ts";
import { configSchema, type ParsedConfig } from "./schema.ts";

/** Renames `requestTimeout` to `requestTimeoutMs` and so on, and makes everything read-only. */
type Resolved<Value> = Value extends readonly (infer Element)[] ? readonly Resolved<Element>[]
  : Value extends object ? {
      readonly [
        Name in keyof Value as Name extends `${string}Timeout` | "interval" ? `${Name}Ms` : Name
      ]: Resolved<Value[Name]>;
    }
  : Value;

/** The configuration of a node: all defaults filled in, deeply frozen. */
export type Config = Resolved<ParsedConfig>;

/** One of `cluster.peers`. */
export type Peer = Config["cluster"]["peers"][number];

/** A checked configuration, or everything that is wrong with it. */
export interface CheckResult {
  /** Undefined when there are issues. */
  readonly config: Config | undefined;
  readonly issues: readonly ConfigIssue[];
  /** What is allowed but probably not meant. */
  readonly warnings: readonly ConfigIssue[];
}

/**
 * The configuration that plain data in the form of `aether.toml` means.
 *
 * @throws {AetherError} `CONFIG_INVALID` with all problems; `INSECURE_LISTENER` when that is all
 *
 * @example
 * ```ts
 * import { resolveConfig } from "./config.ts";
 * console.assert(resolveConfig({}).management.requestTimeoutMs === 30_000);
 * ```
 */
export function resolveConfig(tree: unknown): Config {
  const { config, issues } = checkConfig(tree, noOrigins);
  if (config === undefined) throw configError(issues, "The configuration");
  return config;
}

/** Like {@link resolveConfig}, but returns the problems, located by their origins. */
export function checkConfig(tree: unknown, origins: Origins): CheckResult {
  const parsed = configSchema.safeParse(tree);
  const issues = parsed.success ? [] : schemaIssues(parsed.error, tree, origins);
  // Sections without faults are still checked against each other, so that nobody has to correct
  // one kind of problem to learn of the next.
  const faulty = parsed.success ? new Set<string>() : faultySections(parsed.error);
  const sound = parsed.success ? parsed : configSchema.safeParse(without(tree, faulty));
  if (!sound.success) return { config: undefined, issues, warnings: [] };
  // The cast is what Resolved describes; a test compares the two.
  const config = renamed(sound.data) as Config;
  for (const { sections, check } of relations) {
    if (!sections.some((name) => faulty.has(name))) issues.push(...check(config, origins));
  }
  if (issues.length > 0) return { config: undefined, issues, warnings: [] };
  return { config, issues, warnings: appWarnings(config, origins) };
}

/** A rule between keys, with the sections that it reads. */
interface Relation {
  readonly sections: readonly string[];
  readonly check: (config: Config, origins: Origins) => ConfigIssue[];
}

const relations: readonly Relation[] = [
  { sections: ["cluster", "management", "app"], check: portIssues },
  { sections: ["management"], check: managementHostIssues },
  { sections: ["management"], check: managementKeyIssues },
  { sections: ["cluster", "tls"], check: clusterHostIssues },
  { sections: ["cluster"], check: peerIssues },
  { sections: ["cluster", "node", "tls"], check: sizeIssues },
  { sections: ["app", "calls"], check: callIssues },
  { sections: ["store"], check: storeIssues },
  { sections: ["sandbox"], check: sandboxIssues },
  { sections: ["app"], check: corsIssues },
  { sections: ["backup"], check: backupIssues },
  { sections: ["scaling"], check: scalingIssues },
];

function faultySections(error: z.ZodError): Set<string> {
  const names = error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : issue.path[0]
  );
  return new Set(names.map(String));
}

function without(tree: unknown, names: ReadonlySet<string>): unknown {
  if (!isTree(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).filter(([name]) => !names.has(name)));
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function renamed(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(renamed));
  if (!isTree(value)) return value;
  const result: Tree = {};
  for (const [name, child] of Object.entries(value)) {
    if (name === "resources") {
      // The keys of a section are its type's business.
      result[name] = frozen(child);
      continue;
    }
    const isDuration = name.endsWith("Timeout") || name === "interval";
    result[isDuration ? `${name}Ms` : name] = renamed(child);
  }
  return Object.freeze(result);
}

function frozen(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(frozen));
  if (!isTree(value)) return value;
  return Object.freeze(
    Object.fromEntries(Object.entries(value).map(([name, child]) => [name, frozen(child)])),
  );
}

function portIssues(config: Config, origins: Origins): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { cluster, management, app } = config;
  const listeners = [
    { path: ["cluster", "port"], host: cluster.host, port: cluster.port },
    { path: ["cluster", "gatewayPort"], host: cluster.host, port: cluster.gatewayPort },
    { path: ["cluster", "storagePort"], host: cluster.host, port: cluster.storagePort },
    { path: ["management", "port"], host: management.host, port: management.port },
    { path: ["app", "port"], host: app.host, port: app.port },
  ];
  listeners.forEach(({ path, host, port }, index) => {
    const other = listeners.slice(0, index).find((earlier) =>
      earlier.port === port && overlaps(earlier.host, host)
    );
    if (port === 0 || other === undefined) return;
    const message = `Port ${port} is already ${other.path.join(".")} on the same address; ` +
      "choose another";
    issues.push(locate(path, message, origins));
  });
  return issues;
}

function overlaps(left: string, right: string): boolean {
  const plain = (host: string) => host === "localhost" ? "127.0.0.1" : host.toLowerCase();
  const isAny = (host: string) => host === "0.0.0.0" || host === "::";
  return plain(left) === plain(right) || isAny(left) || isAny(right);
}

function managementHostIssues({ management }: Config, origins: Origins): ConfigIssue[] {
  if (isLoopback(management.host) || management.insecure) return [];
  const lacks = [
    ...(management.keys.length === 0 ? ["[[management.keys]]"] : []),
    ...(management.tls === undefined ? ["[management.tls]"] : []),
  ];
  if (lacks.length === 0) return [];
  const message = `Address "${management.host}" can be reached by others; add ` +
    `${lacks.join(" and ")}, use 127.0.0.1, or set management.insecure = true`;
  return [locate(["management", "host"], message, origins, "INSECURE_LISTENER")];
}

/** Nodes talk in plain text on this machine only, both as callers and as those who are called. */
function clusterHostIssues({ cluster, tls }: Config, origins: Origins): ConfigIssue[] {
  if (tls !== undefined || cluster.insecure) return [];
  const ways = "add [tls] with certificates (`aether tls init`), use 127.0.0.1, or set " +
    "cluster.insecure = true on a network that you trust";
  if (!isLoopback(cluster.host)) {
    const message = `Address "${cluster.host}" can be reached by others; ${ways}`;
    return [locate(["cluster", "host"], message, origins, "INSECURE_LISTENER")];
  }
  const far = cluster.peers.findIndex(({ host }) => !isLoopback(host));
  if (far === -1) return [];
  const message = `Peer "${cluster.peers[far]?.id}" is on another machine; ${ways}`;
  return [locate(["cluster", "peers", far], message, origins, "INSECURE_LISTENER")];
}

function peerIssues(config: Config, origins: Origins): ConfigIssue[] {
  const seen = new Set<string>();
  const issues: ConfigIssue[] = [];
  config.cluster.peers.forEach(({ id, host, port }, index) => {
    const address = `${host}:${port}`;
    for (const [what, value] of [["id", id], ["address", address]] as const) {
      if (seen.has(`${what} ${value}`)) {
        const message = `Peer ${what} "${value}" appears twice; every peer has its own`;
        issues.push(locate(["cluster", "peers", index], message, origins));
      }
      seen.add(`${what} ${value}`);
    }
  });
  return issues;
}

/** Whoever shall replace nodes must be able to. */
function sizeIssues({ cluster, node, tls }: Config, origins: Origins): ConfigIssue[] {
  if (cluster.provider !== "local" || tls === undefined) return [];
  if (node.dataDir !== undefined && tls.issuerKey !== undefined) return [];
  const message = "New nodes need certificates; set node.dataDir and tls.issuerKey";
  return [locate(["cluster", "provider"], message, origins)];
}

function storeIssues(config: Config, origins: Origins): ConfigIssue[] {
  const { maxBytes, snapshotEveryBytes } = config.store;
  if (snapshotEveryBytes <= maxBytes) return [];
  const message = `${snapshotEveryBytes} bytes between snapshots is more than store.maxBytes ` +
    `(${maxBytes}); lower it or raise store.maxBytes`;
  return [locate(["store", "snapshotEveryBytes"], message, origins)];
}

function callIssues(config: Config, origins: Origins): ConfigIssue[] {
  const { clientMs, answerMs, forwardMs } = callDeadlines(config);
  const issues: ConfigIssue[] = [];
  if (answerMs >= clientMs) {
    const message = `An instance has ${answerMs} ms, not less than the ${clientMs} ms of ` +
      "app.requestTimeout; lower it, so that the client learns why";
    issues.push(locate(["calls", "answerTimeout"], message, origins));
  }
  if (forwardMs >= answerMs) {
    const message = `A silent node is given up after ${forwardMs} ms, not before an answer is ` +
      `due after ${answerMs} ms; lower it, so that another node can answer`;
    issues.push(locate(["calls", "forwardTimeout"], message, origins));
  }
  return issues;
}

function managementKeyIssues(config: Config, origins: Origins): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const names = new Set<string>();
  const hashes = new Set<string>();
  config.management.keys.forEach(({ name, sha256 }, index) => {
    const path = ["management", "keys", index];
    if (names.has(name)) {
      const message = `Key name "${name}" appears twice; give every key its own`;
      issues.push(locate([...path, "name"], message, origins));
    }
    if (hashes.has(sha256)) {
      const message = `Key "${name}" has the hash of an earlier key; give every user another key`;
      issues.push(locate([...path, "sha256"], message, origins));
    }
    names.add(name);
    hashes.add(sha256);
  });
  return issues;
}

function sandboxIssues(config: Config, origins: Origins): ConfigIssue[] {
  const { net } = config.sandbox.max;
  const isAddress = (entry: string) => /^(\[|[\d.]+(:|$))/.test(entry);
  if (!net.includes("*") || net.every((entry) => entry === "*" || isAddress(entry))) return [];
  const message = 'Element "*" already means every named host; write only addresses beside it';
  return [locate(["sandbox", "max", "net", net.indexOf("*")], message, origins)];
}

function scalingIssues({ scaling }: Config, origins: Origins): ConfigIssue[] {
  const pairs = [["downInFlight", "upInFlight"], ["downCpuPercent", "upCpuPercent"]] as const;
  return pairs.filter(([down, up]) => scaling[down] >= scaling[up]).map(([down, up]) => {
    const message = `${scaling[down]} is not below scaling.${up} (${scaling[up]}): a slice would ` +
      "grow and shrink in turn";
    return locate(["scaling", down], message, origins);
  });
}

function backupIssues({ backup }: Config, origins: Origins): ConfigIssue[] {
  const { directory, s3, intervalMs } = backup;
  if (directory !== undefined && s3 !== undefined) {
    const message = "Both backup.directory and [backup.s3] are set; leave one out";
    return [locate(["backup", "directory"], message, origins)];
  }
  if (intervalMs === undefined || directory !== undefined || s3 !== undefined) return [];
  const message = "Backups have an interval but no target; set backup.directory or [backup.s3]";
  return [locate(["backup", "interval"], message, origins)];
}

/** Browsers refuse credentials for every origin, and rightly so. */
function corsIssues({ app }: Config, origins: Origins): ConfigIssue[] {
  if (!app.cors.credentials || !app.cors.origins.includes("*")) return [];
  const message = 'Credentials and origin "*" exclude each other: name the origins';
  return [locate(["app", "cors", "credentials"], message, origins)];
}

function appWarnings(config: Config, origins: Origins): ConfigIssue[] {
  if (isLoopback(config.app.host) || config.app.tls !== undefined) return [];
  const message = `Applications on "${config.app.host}" answer everyone who reaches it, without ` +
    "TLS; add [app.tls], or put a TLS proxy in front, if that is not a private network";
  return [locate(["app", "host"], message, origins)];
}
