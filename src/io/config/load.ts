/**
 * Loading the configuration of a process: the file, the environment, secret files.
 *
 * Commands that start a node call it once, first thing; `aether config` calls it to look only. The
 * rules themselves are in `src/protocol/config`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import { AetherError, type Issue } from "../../base/errors.ts";
import { canonicalConfig } from "../../protocol/config/describe.ts";
import type { ConfigFile, FlagValues } from "../../protocol/config/layers.ts";
import { configError } from "../../protocol/config/problems.ts";
import { type LoadedConfig, readConfig } from "../../protocol/config/read.ts";
import { readJoined } from "../tls/join/joined_folder.ts";
import { fileSecrets } from "./file_secrets.ts";

/** Largest configuration file, in bytes. */
const fileBytesMax = 1024 * 1024;

/** What {@link loadConfig} starts from. */
export interface LoadOptions {
  /** Path of the file; without it the variable `AETHER_CONFIG`; without both no file is read. */
  readonly file?: string;
  /** Environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Flags by name, without `--config`. */
  readonly flags: FlagValues;
  /** Removes a variable that held a secret. Default: from the environment of this process. */
  readonly forget?: (variable: string) => void;
}

/** What {@link validateConfigFile} found. */
export interface ValidationResult {
  /** Whether a node could start with it. */
  readonly ok: boolean;
  /** SHA-256 of the canonical resolved configuration, in hexadecimal; only when it is valid. */
  readonly digest?: string;
  /** What is allowed but probably not meant. */
  readonly warnings: readonly Issue[];
  /** Everything that is wrong; empty when it is valid. */
  readonly issues: readonly Issue[];
  /** The error that a start would end with; only when it is not valid. */
  readonly error?: AetherError;
}

/**
 * Loads the configuration and deletes secret variables from the environment.
 *
 * @throws {AetherError} `CONFIG_UNREADABLE` for the file; `CONFIG_INVALID`, `SECRET_MISSING` or
 * `INSECURE_LISTENER` with all issues
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const named = options.file ?? (options.env.AETHER_CONFIG || undefined);
  const file = named === undefined ? undefined : await readFile(named);
  const folder = named === undefined ? undefined : dirname(resolve(named));
  const loaded = await readConfig({
    ...(file === undefined ? {} : { file }),
    env: options.env,
    flags: options.flags,
    secretsIn: fileSecrets,
    joinedIn: readJoined,
    ...(folder === undefined ? {} : { resolvePath: (path: string) => resolve(folder, path) }),
  });
  const forget = options.forget ?? ((variable: string) => Deno.env.delete(variable));
  for (const variable of loaded.secretVariables) forget(variable);
  return loaded;
}

/**
 * Checks a file as a start in this environment would, without starting or changing anything.
 *
 * @throws {AetherError} `CONFIG_UNREADABLE` when the file cannot be read
 */
export async function validateConfigFile(
  path: string,
  env: Readonly<Record<string, string>>,
): Promise<ValidationResult> {
  try {
    const loaded = await loadConfig({ file: path, env, flags: {}, forget: () => {} });
    const digest = configDigest(loaded);
    return { ok: true, digest, warnings: loaded.warnings, issues: [] };
  } catch (error) {
    if (!(error instanceof AetherError) || error.issues.length === 0) throw error;
    return { ok: false, warnings: [], issues: error.issues, error };
  }
}

/** SHA-256 of the canonical form, in hexadecimal: equal for equal configurations. */
export function configDigest(loaded: LoadedConfig): string {
  return createHash("sha256").update(canonicalConfig(loaded)).digest("hex");
}

async function readFile(path: string): Promise<ConfigFile> {
  const bytes = await readBytes(path);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { name: path, text };
  } catch {
    const message = "The text is not UTF-8; save the file as UTF-8";
    throw configError([{ name: "CONFIG_INVALID", path: "", message }], path);
  }
}

async function readBytes(path: string): Promise<Uint8Array> {
  let size: number;
  try {
    const found = await Deno.stat(path);
    size = found.size;
    if (found.isFile && size <= fileBytesMax) return await Deno.readFile(path);
    if (found.isDirectory) throw unreadable(path, "is a folder; name a file");
  } catch (error) {
    if (error instanceof AetherError) throw error;
    if (error instanceof Deno.errors.NotFound) {
      throw unreadable(path, "does not exist; create it or correct the path", error);
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw unreadable(path, `cannot be read: ${reason}`, error);
  }
  const problem = size > fileBytesMax
    ? `has ${size} bytes; a configuration has at most ${fileBytesMax}`
    : "is not a regular file; name a file";
  throw unreadable(path, problem);
}

function unreadable(path: string, problem: string, cause?: unknown): AetherError {
  return new AetherError("CONFIG_UNREADABLE", `File "${path}" ${problem}`, { cause });
}
