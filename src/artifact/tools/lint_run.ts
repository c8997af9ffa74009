/**
 * Lints a slice's folder with the rules of `src/artifact/lint` and those that Deno recommends.
 *
 * It uses the Deno CLI that aether brings, without network. `aether slice lint` calls it.
 *
 * @module
 */
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { AetherError, type Issue } from "../../base/errors.ts";
import type { SliceToml } from "../../protocol/slice/slice_toml.ts";
import type { SliceFacts } from "../lint/rule.ts";
import { seemsToUse } from "../lint/permission_rules.ts";
import { lintPlugin, sdkFiles } from "../sdk_files.ts";
import { listSliceFiles } from "../slice_folder.ts";
import { readSliceToml } from "../slice_toml.ts";
import { toolEnvironment } from "./deno_tool.ts";

const issuesMax = 500;

/** Options of {@link lintSlice}. */
export interface LintOptions {
  /** Path of the Deno program; undefined where there is none, as in a compiled binary. */
  readonly denoPath: string | undefined;
  /** Path of the packed SDK, see `sdkFiles()`. */
  readonly sdkPath?: string | undefined;
}

/** One finding: a file with a line, and the rule with what to do. */
export interface LintFinding extends Issue {
  /** Name of the rule, e.g. `aether-slice/typed-errors`. */
  readonly rule: string;
}

/**
 * What is to be said of a slice's sources, in the order of files and lines.
 *
 * @throws {AetherError} SLICE_INVALID for a wrong slice.toml; NOT_BUILT in a form of aether without
 * the Deno CLI.
 */
export async function lintSlice(dir: string, options: LintOptions): Promise<LintFinding[]> {
  const { denoPath, sdkPath } = options;
  const toml = await readSliceToml(dir);
  if (denoPath === undefined) {
    throw new AetherError("NOT_BUILT", "This form of aether has no linter", {
      hint: "Run `deno lint` in the slice's folder",
    });
  }
  const root = await Deno.realPath(dir);
  const sources = (await listSliceFiles(dir)).map(({ path }) => path)
    .filter((path) => /\.(?:tsx?|mts|jsx?|mjs)$/.test(path));
  const folder = await Deno.makeTempDir({ prefix: "aether-lint-" });
  try {
    const config = await writePlugin(folder, { permissions: named(toml) }, sdkPath);
    const found = await lint(denoPath, config, root, sources);
    return [...await unusedPermissions(root, toml, sources), ...found].slice(0, issuesMax);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function named({ permissions }: SliceToml): SliceFacts["permissions"] {
  return Object.fromEntries(
    Object.entries(permissions).map(([kind, names]) => [kind, names ?? []]),
  );
}

/** Writes the rules with what slice.toml says; the path of their configuration. */
async function writePlugin(
  folder: string,
  facts: SliceFacts,
  sdkPath: string | undefined,
): Promise<string> {
  const prefix = lintPlugin.replace(/[^/]*$/, "");
  for (const [path, text] of Object.entries(await sdkFiles(sdkPath))) {
    if (path.startsWith(prefix)) {
      await Deno.writeTextFile(join(folder, path.slice(prefix.length)), text);
    }
  }
  const main = `import { slicePlugin } from "./plugin.ts";\n` +
    `export default slicePlugin(${JSON.stringify(facts)});\n`;
  await Deno.writeTextFile(join(folder, "main.ts"), main);
  const config = join(folder, "deno.json");
  await Deno.writeTextFile(config, JSON.stringify({ lint: { plugins: ["./main.ts"] } }));
  return config;
}

/** What `deno lint --json` prints. */
interface Report {
  readonly diagnostics: readonly {
    readonly filename: string;
    readonly range: { readonly start: { readonly line: number } };
    readonly message: string;
    readonly code: string;
    readonly hint?: string;
  }[];
  readonly errors: readonly { readonly file_path: string; readonly message: string }[];
}

async function lint(
  denoPath: string,
  config: string,
  root: string,
  sources: readonly string[],
): Promise<LintFinding[]> {
  if (sources.length === 0) return [];
  const { stdout, stderr } = await new Deno.Command(denoPath, {
    args: ["lint", "--json", "--config", config, ...sources.map((path) => join(root, path))],
    cwd: root,
    env: { ...toolEnvironment, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout);
  let report: Report;
  try {
    report = JSON.parse(text);
  } catch {
    const reason = new TextDecoder().decode(stderr).trim().split("\n")[0];
    throw new AetherError("LINT_FAILED", `The linter did not run: ${reason}`);
  }
  const broken = report.errors.map(({ file_path, message }): LintFinding => ({
    path: relative(root, resolve(root, file_path)),
    message: message.split("\n")[0] ?? "",
    rule: "syntax",
  }));
  const found = report.diagnostics.map((each): LintFinding => ({
    path: relative(root, fileURLToPath(each.filename)),
    line: each.range.start.line,
    message: `${each.message} (${each.code})${each.hint === undefined ? "" : `: ${each.hint}`}`,
    rule: each.code,
  }));
  return [...broken, ...found].sort((a, b) =>
    a.path === b.path ? (a.line ?? 0) - (b.line ?? 0) : a.path < b.path ? -1 : 1
  );
}

/** What slice.toml asks for and no source seems to use. */
async function unusedPermissions(
  root: string,
  { permissions }: SliceToml,
  sources: readonly string[],
): Promise<LintFinding[]> {
  const kinds = Object.entries(permissions).filter(([, names]) => (names ?? []).length > 0)
    .map(([kind]) => kind);
  if (kinds.length === 0) return [];
  const texts = await Promise.all(
    sources.filter((path) => !/[._]test\.[a-z]+$/.test(path))
      .map((path) => Deno.readTextFile(join(root, path))),
  );
  const lines = (await Deno.readTextFile(join(root, "slice.toml"))).split("\n");
  return kinds.filter((kind) => !texts.some((text) => seemsToUse(kind, text))).map((kind) => {
    const line = lines.findIndex((text) => new RegExp(`^\\s*${kind}\\s*=`).test(text)) + 1;
    const rule = "aether-slice/permission-unused";
    const message = `slice.toml asks for ${kind}, which no source uses (${rule}): remove the line`;
    return { path: "slice.toml", ...(line === 0 ? {} : { line }), message, rule };
  });
}
