/**
 * References to variables and secrets inside configuration texts: `${env:NAME}` and
 * `${secrets:path}`.
 *
 * `$${` stands for a literal `${`. What a reference gives is not searched again. Providers read the
 * values; `src/io/config` has the one for files. Secret values appear in no message of this module.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { pathText } from "../toml.ts";
import { isTree, type Path, type Tree } from "./paths.ts";

/** Where secrets are read from. */
export interface SecretProvider {
  /** In words, for messages, e.g. `the environment`. */
  readonly place: string;
  /**
   * The secret, or undefined when there is none of this name.
   *
   * @throws {AetherError} `SECRET_MISSING` when it exists but cannot be used
   */
  read(name: string): Promise<string | undefined>;
}

/** Most references in one configuration. */
const referencesMax = 256;

/** A provider over environment variables. */
export function environmentSecrets(env: Readonly<Record<string, string>>): SecretProvider {
  return {
    place: "the environment",
    read: (name) => Promise.resolve(Object.hasOwn(env, name) ? env[name] : undefined),
  };
}

/** Whether a variable of this name holds a secret, which is hidden and removed after reading. */
export function isSecretName(variable: string): boolean {
  return /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|KEY/i.test(variable);
}

/** A reference such as `${secrets:db/password}`. */
interface Reference {
  readonly scheme: "env" | "secrets";
  readonly name: string;
}

/** A reference that cannot be replaced. */
export interface ReferenceProblem {
  readonly name: "CONFIG_INVALID" | "SECRET_MISSING";
  /** Where the text with the reference stands. */
  readonly path: Path;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** What {@link interpolate} found in a tree. */
export interface Interpolation {
  /** Paths of texts that contained references. */
  readonly changed: ReadonlySet<string>;
  /** Paths of texts that contain a secret now. */
  readonly secretPaths: ReadonlySet<string>;
  /** Paths of texts whose references failed; they still hold the reference. */
  readonly failedPaths: ReadonlySet<string>;
  /** Secret variables that were read. */
  readonly secretVariables: ReadonlySet<string>;
  /** The secrets themselves, so that messages can leave them out. */
  readonly secretTexts: ReadonlySet<string>;
  /** Everything that is wrong with references. */
  readonly problems: readonly ReferenceProblem[];
}

/** The providers of the two schemes; `secrets` is undefined when no directory is configured. */
export interface Providers {
  readonly env: SecretProvider;
  readonly secrets: SecretProvider | undefined;
}

/**
 * Replaces the references in every text of a tree, in place, and reports all that fail.
 *
 * @example
 * ```ts
 * import { environmentSecrets, interpolate } from "./secrets.ts";
 * const tree = { node: { id: "${env:ID}" } };
 * await interpolate(tree, { env: environmentSecrets({ ID: "a" }), secrets: undefined });
 * console.assert(tree.node.id === "a");
 * ```
 */
export async function interpolate(tree: Tree, providers: Providers): Promise<Interpolation> {
  const result = {
    changed: new Set<string>(),
    secretPaths: new Set<string>(),
    failedPaths: new Set<string>(),
    secretVariables: new Set<string>(),
    secretTexts: new Set<string>(),
    problems: [] as ReferenceProblem[],
  };
  const cache = new Map<string, string>();
  let referenceCount = 0;
  for (const { path, text, replace } of [...texts(tree, [])]) {
    if (!text.includes("${")) continue;
    const where = pathText(path);
    try {
      const parts = parseReferences(text);
      referenceCount += parts.filter((part) => typeof part !== "string").length;
      if (referenceCount > referencesMax) {
        throw missing(`The configuration has over ${referencesMax} references; use fewer`);
      }
      replace(await joined(parts, providers, cache));
      if (parts.some((part) => typeof part !== "string")) result.changed.add(where);
      for (const part of parts) {
        if (typeof part === "string" || !isSecret(part)) continue;
        result.secretPaths.add(where);
        result.secretTexts.add(cache.get(cacheId(part)) ?? "");
        if (part.scheme === "env") result.secretVariables.add(part.name);
      }
    } catch (error) {
      if (!(error instanceof AetherError)) throw error;
      result.failedPaths.add(where);
      const name = error.name === "SECRET_MISSING" ? error.name : "CONFIG_INVALID";
      result.problems.push({ name, path, message: error.message });
    }
  }
  return result;
}

function isSecret(reference: Reference): boolean {
  return reference.scheme === "secrets" || isSecretName(reference.name);
}

/** Splits a text into literal parts and references. */
function parseReferences(text: string): (string | Reference)[] {
  const parts: (string | Reference)[] = [];
  let rest = text;
  while (rest !== "") {
    const start = rest.indexOf("${");
    if (start < 0) return [...parts, rest];
    if (rest[start - 1] === "$") {
      parts.push(rest.slice(0, start - 1) + "${");
      rest = rest.slice(start + 2);
      continue;
    }
    if (start > 0) parts.push(rest.slice(0, start));
    const end = rest.indexOf("}", start);
    if (end < 0) throw malformed(rest.slice(start), "is not closed; add }, or write $${");
    parts.push(parseReference(rest.slice(start, end + 1)));
    rest = rest.slice(end + 1);
  }
  return parts;
}

function parseReference(source: string): Reference {
  const [, scheme, name = ""] = /^\$\{(?:([a-z]*):)?(.*)\}$/s.exec(source) ?? [];
  if (scheme === "env") {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw malformed(source, "needs the name of a variable, for example ${env:DB_PASSWORD}");
    }
    return { scheme, name };
  }
  if (scheme === "secrets") {
    const segments = name.split("/");
    const isPlain = (segment: string) =>
      /^[A-Za-z0-9._-]{1,128}$/.test(segment) && segment !== "." && segment !== "..";
    if (!segments.every(isPlain)) {
      throw malformed(
        source,
        "needs a path below the directory of [secrets], for example ${secrets:db/password}",
      );
    }
    return { scheme, name };
  }
  throw malformed(source, "is no reference; write ${env:NAME}, ${secrets:path}, or $${ for a text");
}

async function joined(
  parts: readonly (string | Reference)[],
  providers: Providers,
  cache: Map<string, string>,
): Promise<string> {
  let text = "";
  for (const part of parts) {
    if (typeof part === "string") {
      text += part;
      continue;
    }
    const id = cacheId(part);
    const value = cache.get(id) ?? await readReference(part, providers);
    cache.set(id, value);
    text += value;
  }
  return text;
}

function cacheId(reference: Reference): string {
  return `${reference.scheme}:${reference.name}`;
}

async function readReference(reference: Reference, providers: Providers): Promise<string> {
  const { scheme, name } = reference;
  const provider = providers[scheme];
  if (provider === undefined) {
    throw missing(`Secret "${name}" cannot be read; set directory in [secrets] to its folder`);
  }
  const value = await provider.read(name);
  if (value !== undefined) return value;
  throw missing(
    scheme === "env"
      ? `Variable "${name}" does not exist; set it before the start`
      : `Secret "${name}" does not exist in ${provider.place}; create that file`,
  );
}

/** Every text of a tree with the means to replace it. */
function* texts(
  value: Tree | unknown[],
  path: Path,
): Generator<{ path: Path; text: string; replace: (text: string) => void }> {
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [name, child] of entries) {
    const childPath = [...path, name];
    if (typeof child === "string") {
      const replace = (text: string) => {
        (value as Record<string | number, unknown>)[name] = text;
      };
      yield { path: childPath, text: child, replace };
    } else if (isTree(child) || Array.isArray(child)) {
      yield* texts(child, childPath);
    }
  }
}

function missing(message: string): AetherError {
  return new AetherError("SECRET_MISSING", message);
}

function malformed(source: string, problem: string): AetherError {
  const shown = source.length > 64 ? source.slice(0, 32) + "..." : source;
  return new AetherError("CONFIG_INVALID", `Reference ${JSON.stringify(shown)} ${problem}`);
}
