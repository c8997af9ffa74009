/**
 * Checks a slice's types with the Deno CLI, without network.
 *
 * The types are always those of this aether's own SDK, see `deno_tool.ts`. Called by `build.ts`.
 *
 * @module
 */
import { relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AetherError, type Issue } from "../../base/errors.ts";
import { toolEnvironment, type ToolFolder, withToolFolder } from "./deno_tool.ts";

const timeoutMs = 120_000;
const issuesMax = 100;

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
  return await withToolFolder(dir, sdkPath, (folder) => check(denoPath, folder, options.entry));
}

async function check(
  denoPath: string,
  { root, config }: ToolFolder,
  entry: string,
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
        config,
        resolve(root, entry),
      ],
      cwd: root,
      env: { ...toolEnvironment, NO_COLOR: "1" },
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
      message: `${code}: ${message?.replace(/\.$/, "")}${causeOf(block)}`,
      ...(line === undefined ? {} : { line: Number(line) }),
    });
    if (issues.length === issuesMax) break;
  }
  if (issues.length > 0) return issues;
  const reason = text.trim().split("\n")[0]?.replace(/^error: /, "") || "deno check failed";
  return [{ path: "types", message: reason }];
}

/** The innermost reason of a problem with nested ones, which says what is missing or wrong. */
function causeOf(block: string): string {
  const reasons = [...block.matchAll(/^ +((?:Property|Types?|Object literal) .*?)\.?$/gm)];
  const last = reasons.at(-1)?.[1];
  return last === undefined ? "" : `: ${last}`;
}
