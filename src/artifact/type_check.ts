/**
 * Checks a slice's types with the Deno CLI, without network.
 *
 * The types are always those of this aether's own SDK. A deno.json that `aether slice new` wrote,
 * in the slice's folder or above, decides about compiler options; without one, the SDK is unpacked
 * beside a temporary one. Called by `build.ts`.
 *
 * @module
 */
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AetherError, type Issue } from "../base/errors.ts";
import { restoreSdk, sdkImports, writeSdk } from "./sdk_files.ts";

const timeoutMs = 120_000;
const issuesMax = 100;
const configNames = ["deno.json", "deno.jsonc"];

/** Options of {@link typeCheck}. */
export interface TypeCheckOptions {
  /** Path of the entry in the slice's folder. */
  readonly entry: string;
  /** Path of the Deno program; undefined where there is none, as in a compiled binary. */
  readonly denoPath: string | undefined;
  /** Path of the packed SDK, see `sdkFiles()`. */
  readonly sdkPath?: string | undefined;
}

/** What a check found. */
export interface TypeCheckResult {
  /** Type errors, with file and line. */
  readonly issues: readonly Issue[];
  /** Why nothing was checked. */
  readonly notice?: string;
}

/**
 * Checks the types of a slice's entry and of all it imports.
 *
 * @throws {AetherError} SLICE_BUILD_FAILED when the check does not end within 120 s.
 */
export async function typeCheck(dir: string, options: TypeCheckOptions): Promise<TypeCheckResult> {
  const { denoPath, sdkPath } = options;
  if (denoPath === undefined) {
    return {
      issues: [],
      notice: "Types were not checked: this form of aether has no type checker; run `deno check`",
    };
  }
  const root = await Deno.realPath(dir);
  const config = await findConfig(root);
  if (config !== undefined) {
    await restoreSdk(dirname(config), sdkPath);
    return await check(denoPath, root, { config, entry: options.entry });
  }
  const temporary = await Deno.makeTempDir({ prefix: "aether-check-" });
  try {
    await writeSdk(temporary, sdkPath);
    const path = join(temporary, "deno.json");
    await Deno.writeTextFile(path, JSON.stringify({ imports: sdkImports, lock: false }));
    return await check(denoPath, root, { config: path, entry: options.entry });
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

/** The nearest configuration, upwards, that takes "aether" from `.aether/sdk`. */
async function findConfig(root: string): Promise<string | undefined> {
  for (let dir = root;; dir = dirname(dir)) {
    for (const name of configNames) {
      try {
        const text = await Deno.readTextFile(join(dir, name));
        if (text.includes(`"${sdkImports.aether}"`)) return join(dir, name);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    if (dirname(dir) === dir) return undefined;
  }
}

async function check(
  denoPath: string,
  root: string,
  options: { readonly config: string; readonly entry: string },
): Promise<TypeCheckResult> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), timeoutMs);
  try {
    const { success, stderr } = await new Deno.Command(denoPath, {
      args: [
        "check",
        "--quiet",
        "--no-remote",
        "--no-npm",
        "--no-lock",
        "--config",
        options.config,
        resolve(root, options.entry),
      ],
      cwd: root,
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
      signal: abort.signal,
    }).output();
    if (abort.signal.aborted) {
      throw new AetherError("SLICE_BUILD_FAILED", `The type check took over ${timeoutMs} ms`);
    }
    return { issues: success ? [] : parseOutput(new TextDecoder().decode(stderr), root) };
  } finally {
    clearTimeout(timer);
  }
}

/** The problems in the text that `deno check` prints; at least one. */
export function parseOutput(text: string, root: string): Issue[] {
  const issues: Issue[] = [];
  for (const block of text.split(/^(?=TS\d+ \[ERROR\])/m)) {
    const [, code, message] = /^(TS\d+) \[ERROR\]: (.*)/.exec(block) ?? [];
    if (code === undefined) continue;
    const [, url, line] = /^\s*at (file:\S+):(\d+):\d+$/m.exec(block) ?? [];
    const path = url === undefined ? "types" : relative(root, fileURLToPath(url));
    issues.push({
      path,
      message: `${code}: ${message?.replace(/\.$/, "")}`,
      ...(line === undefined ? {} : { line: Number(line) }),
    });
    if (issues.length === issuesMax) break;
  }
  if (issues.length > 0) return issues;
  const reason = text.trim().split("\n")[0]?.replace(/^error: /, "") || "deno check failed";
  return [{ path: "types", message: reason }];
}
