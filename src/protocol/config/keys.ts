/**
 * The catalogue of configuration keys, derived from the schema: path, kind, default, meaning, and
 * the variable and the flag that set it.
 *
 * Layering, messages, `config show` and the reference documentation read it. It holds no values.
 * The keys of the sections under `[resources]` depend on their types; here is how to list them.
 *
 * @module
 */
import { z } from "zod";
import { assert } from "../../base/assert.ts";
import { type FieldKind, type FieldMeta, fieldMeta } from "./fields.ts";
import { isTree, type Path } from "./paths.ts";
import { configSchema } from "./schema.ts";
import { isSecretName } from "./secrets.ts";
import { pathText } from "../toml.ts";

/** One key of `aether.toml`. */
export interface ConfigKey {
  /** E.g. `management.port`; keys of a list of tables read `management.keys[].name`. */
  readonly path: string;
  /** What the value is. */
  readonly kind: FieldKind;
  /** The values in words. */
  readonly values: string;
  /** What the key means. */
  readonly description: string;
  /** The default as it would be written in the file; undefined when there is none. */
  readonly defaultValue: unknown;
  /** Whether the value is never shown. */
  readonly isSecret: boolean;
  /** Variables that set it, strongest first, e.g. `AETHER_CLUSTER_PORT`, `CLUSTER_PORT`. */
  readonly variables: readonly string[];
  /** The flag that sets it, without dashes, e.g. `management-port`. */
  readonly flag: string | undefined;
}

/** A table of `aether.toml`. */
export interface ConfigSection {
  /** E.g. `sandbox.max`. */
  readonly path: string;
  /** What it is about. */
  readonly description: string;
}

/** Prefix of the variables that set keys. */
export const variablePrefix = "AETHER_";

/** Variables with the prefix that set no key: other parts of Aether read them. */
export const otherVariables: readonly string[] = [
  "AETHER_ADDR",
  "AETHER_CACHE",
  "AETHER_CONFIG",
  "AETHER_EXE",
  "AETHER_JOIN_TOKEN",
  "AETHER_TOKEN",
];

const shortVariables: Readonly<Record<string, string>> = {
  "node.id": "NODE_ID",
  "node.dataDir": "DATA_DIR",
  "cluster.port": "CLUSTER_PORT",
  "cluster.gatewayPort": "GATEWAY_PORT",
  "cluster.storagePort": "STORAGE_PORT",
  "cluster.peers": "CLUSTER_PEERS",
  "management.port": "MANAGEMENT_PORT",
  "app.port": "APP_PORT",
};

const flags: Readonly<Record<string, string>> = {
  "node.id": "node-id",
  "node.dataDir": "data-dir",
  "cluster.host": "host",
  "cluster.port": "port",
  "cluster.gatewayPort": "gateway-port",
  "cluster.storagePort": "storage-port",
  "cluster.peers": "peers",
  "management.host": "management-host",
  "management.port": "management-port",
  "app.host": "app-host",
  "app.port": "app-port",
  "log.level": "log-level",
  "log.format": "log-format",
};

/** All tables and keys, in the order of the schema. */
export const { sections: configSections, keys: configKeys } = catalogue();

const keysByPath = new Map(configKeys.map((key) => [key.path, key]));
const keysByFlag = new Map(configKeys.map((key) => [key.flag, key]));

/** The key at a path such as `management.port` or `management.keys[3].name`. */
export function keyAt(path: string): ConfigKey | undefined {
  return keysByPath.get(path.replaceAll(/\[\d+\]/g, "[]"));
}

/** The key that a flag sets; the flag as `management-port` or `managementPort`. */
export function keyOfFlag(flag: string): ConfigKey | undefined {
  return keysByFlag.get(flag.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`));
}

/** The names that are valid in a table, given as path text; empty when it is no table. */
export function namesIn(table: string): readonly string[] {
  const prefix = table === "" ? "" : table.replaceAll(/\[\d+\]/g, "[]") + ".";
  const names = new Set<string>();
  for (const { path } of configKeys) {
    const name = path.startsWith(prefix) ? path.slice(prefix.length).split(".")[0] : undefined;
    if (name !== undefined) names.add(name.replace("[]", ""));
  }
  return [...names];
}

function catalogue(): { sections: ConfigSection[]; keys: ConfigKey[] } {
  const sections: ConfigSection[] = [];
  const keys: ConfigKey[] = [];
  visit(configSchema, "", { sections, keys });
  return { sections, keys };
}

function visit(
  schema: unknown,
  path: string,
  found: { sections: ConfigSection[]; keys: ConfigKey[] },
): void {
  const field = unwrap(schema);
  if (field.inner instanceof z.ZodObject) {
    if (path !== "" && !path.endsWith("[]")) {
      found.sections.push({ path, description: field.description });
    }
    for (const [name, child] of Object.entries(field.inner.shape)) {
      visit(child, path === "" ? name : `${path}.${name}`, found);
    }
    return;
  }
  assert(field.meta !== undefined, `Key ${path} has no field metadata`);
  assert(field.description !== "", `Key ${path} has no description`);
  found.keys.push({
    path,
    kind: field.meta.kind,
    values: field.meta.values,
    description: field.description,
    defaultValue: field.defaultValue,
    isSecret: field.meta.isSecret ?? false,
    variables: variablesOf(path, field.meta.kind),
    flag: flags[path],
  });
  if (field.inner instanceof z.ZodArray && field.meta.kind === "tables") {
    visit(field.inner.element, `${path}[]`, found);
  }
}

/** Takes defaults and optionality off a schema and collects what they say. */
function unwrap(schema: unknown) {
  let inner = schema;
  let description: string | undefined;
  let defaultValue: unknown;
  for (;;) {
    assert(inner instanceof z.ZodType, "The schema consists of zod types");
    description ??= inner.description;
    if (inner instanceof z.ZodPrefault) {
      defaultValue ??= inner.def.defaultValue;
      inner = inner.unwrap();
    } else if (inner instanceof z.ZodOptional) {
      inner = inner.unwrap();
    } else {
      const meta: FieldMeta | undefined = fieldMeta.get(inner);
      return { inner, meta, description: description ?? "", defaultValue };
    }
  }
}

function variablesOf(path: string, kind: FieldKind): string[] {
  if (kind === "tables" || kind === "resources" || path.includes("[]")) return [];
  const snake = path.replaceAll(/[A-Z]/g, "_$&").replaceAll(".", "_").toUpperCase();
  const short = shortVariables[path];
  return [variablePrefix + snake, ...(short === undefined ? [] : [short])];
}

/** One value of a section. */
export interface ResourceLeaf {
  /** As in the file, e.g. `["resources", "payments", "baseUrl"]`. */
  readonly path: Path;
  /** The path as text. */
  readonly text: string;
  readonly value: unknown;
  /** Whether its place alone says that it may be a secret. */
  readonly isHidden: boolean;
}

/** Every value of the sections, in order. */
export function resourceLeaves(sections: unknown): ResourceLeaf[] {
  return leavesOf(sections, ["resources"]);
}

function leavesOf(value: unknown, path: Path): ResourceLeaf[] {
  if (isTree(value)) {
    return Object.entries(value).flatMap(([name, child]) => leavesOf(child, [...path, name]));
  }
  if (path.length === 1) return [];
  // Header values and whatever is named like a secret, even when it was written into the file.
  const isHidden = path.slice(2).some((part) => part === "headers" || isSecretName(String(part)));
  return [{ path, text: pathText(path), value, isHidden }];
}

const valuePattern = /^resources\.([a-z][a-z0-9-]*)\.values\.([A-Za-z][A-Za-z0-9_]*)$/;

/** The path of a value that may be overridden while nodes run: one of a `config` section. */
export function configValuePath(key: string): readonly string[] | undefined {
  const [, section, name] = valuePattern.exec(key) ?? [];
  return section === undefined || name === undefined
    ? undefined
    : ["resources", section, "values", name];
}
