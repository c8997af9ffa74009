/**
 * A loaded configuration as rows for people, and as canonical text for a digest.
 *
 * `aether config show` and `aether config validate` call it. Secrets are replaced in both.
 *
 * @module
 */
import { formatByteSize } from "../../base/byte_size.ts";
import { formatDuration } from "../../base/duration.ts";
import type { Peer } from "./config.ts";
import { keyAt, resourceLeaves } from "./keys.ts";
import { getAt, isTree } from "./paths.ts";
import type { LoadedConfig } from "./read.ts";

/** What stands where a secret would. */
const redacted = "***";

type KnownConfig = Pick<LoadedConfig, "config" | "sources" | "secretPaths">;

/** One key with its value and where that comes from. */
export interface ConfigRow {
  /** E.g. `management.port`. */
  readonly path: string;
  /** The value as TOML writes it; empty when it is not set; `***` for a secret. */
  readonly value: string;
  /** `flag --port`, `env AETHER_APP_PORT`, `file aether.toml:12` or `default`. */
  readonly source: string;
}

/** Every key of a configuration in the order of the reference, secrets redacted. */
export function describeConfig(loaded: KnownConfig): ConfigRow[] {
  const rows: ConfigRow[] = [];
  for (const [path, source] of loaded.sources) {
    if (isListOfTables(loaded, path) || /^resources(\.|$)/.test(path)) continue;
    const value = valueAt(loaded, path);
    rows.push({ path, value: value === undefined ? "" : JSON.stringify(value), source });
  }
  for (const { text, value, isHidden } of resourceLeaves(loaded.config.resources)) {
    const isSecret = isHidden || loaded.secretPaths.has(text) || isPartlySecret(loaded, text);
    rows.push({
      path: text,
      value: JSON.stringify(isSecret ? redacted : value),
      source: loaded.sources.get(text) ?? "given",
    });
  }
  return rows;
}

function isPartlySecret({ secretPaths }: KnownConfig, path: string): boolean {
  return [...secretPaths].some((secret) => secret.startsWith(`${path}[`));
}

/**
 * The configuration as text that is equal for equal configurations, whatever file, order or units
 * they were written with. Secrets are redacted, so a digest of it tells nothing about them.
 */
export function canonicalConfig(loaded: LoadedConfig): string {
  const rows = describeConfig(loaded).sort((left, right) => left.path < right.path ? -1 : 1);
  return rows.map(({ path, value }) => `${path} = ${value}\n`).join("");
}

/** Lists of tables are described by the rows of their tables, unless there are none. */
function isListOfTables(loaded: KnownConfig, path: string): boolean {
  return keyAt(path)?.kind === "tables" && loaded.sources.has(`${path}[0].name`);
}

/** The value at a path in the words of the file, without secrets. */
function valueAt(loaded: KnownConfig, path: string): unknown {
  const key = keyAt(path);
  const value = getAt(loaded.config, valuePath(path));
  if (value === undefined) return undefined;
  if (key?.isSecret === true || loaded.secretPaths.has(path)) return redacted;
  if (!Array.isArray(value)) return shown(value, key?.kind);
  return value.map((element, index) =>
    loaded.secretPaths.has(`${path}[${index}]`) ? redacted : shown(element, key?.kind)
  );
}

function shown(value: unknown, kind: string | undefined): unknown {
  if (kind === "duration") return formatDuration(Number(value));
  if (kind === "size") return formatByteSize(Number(value));
  if (kind === "peers" && isTree(value)) return formatPeer(value as unknown as Peer);
  return value;
}

/** Where the value of a key stands in a {@link Config}: durations have their unit in the name. */
export function valuePath(path: string): string[] {
  const names = path.replaceAll(/\[(\d+)\]/g, ".$1").split(".");
  if (keyAt(path)?.kind === "duration") names.push(`${names.pop()}Ms`);
  return names;
}

/** A peer as `id:host:port`. */
export function formatPeer({ id, host, port }: Peer): string {
  return `${id}:${host.includes(":") ? `[${host}]` : host}:${port}`;
}
