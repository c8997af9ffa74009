/**
 * Bundles a slice's folder into one module with native esbuild.
 *
 * The SDK and zod are not inlined: imports of them become lookups in a global that the shell of the
 * sandbox fills, so that bundles stay small and the host's version is used. Types are dropped
 * unchecked, see `type_check.ts`. Callers: `build.ts`, and `sdk_files.ts` for esbuild alone.
 *
 * @module
 */
import childProcess, { type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { BuildFailure, BuildOptions, BuildResult, Message, Plugin } from "esbuild";
import * as zod from "zod";
import * as aether from "../../mod.ts";
import { AetherError, type Issue } from "../base/errors.ts";
import { limits } from "../protocol/limits.ts";
import { sdkGlobalName } from "../sdk/global_name.ts";
import { isInside, type ProvidedModule, resolveImport } from "./import_rules.ts";
import { contractFile } from "./slice_folder.ts";

/** A bundled slice. */
export interface Bundle {
  /** One ESM module without imports. */
  readonly module: Uint8Array;
  readonly sourceMap: Uint8Array;
  /** The bundler's warnings, each with file and line. */
  readonly warnings: readonly string[];
}

/** Options of {@link bundleSlice}. */
export interface BundleOptions {
  /** Path of the entry in the slice's folder. */
  readonly entry: string;
  /** Path of the esbuild program. @default {the one of the npm package} */
  readonly esbuildPath?: string | undefined;
}

const moduleFile = "slice.js";
const providedNamespace = "provided";
const namespaces: Readonly<Record<ProvidedModule, object>> = { aether, zod };
const computedAdvice = "Computed import() cannot be bundled: write the path as a string literal";

/** Messages of ours for what esbuild says in its own terms. */
const plainerMessages: Readonly<Record<string, string>> = {
  "unsupported-dynamic-import": computedAdvice,
  "unsupported-require-call": "require() is not available: use an import declaration",
  "indirect-require": "require is not available: use an import declaration",
};

/**
 * Bundles a slice.
 *
 * @throws {AetherError} SLICE_BUILD_FAILED with all problems and their lines; ARTIFACT_TOO_LARGE
 * when the module exceeds `limits.bundleBytes`.
 */
export async function bundleSlice(dir: string, options: BundleOptions): Promise<Bundle> {
  const root = await Deno.realPath(dir);
  const result = await runEsbuild({
    absWorkingDir: root,
    entryPoints: [resolve(root, options.entry)],
    outfile: moduleFile,
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    charset: "utf8",
    sourcemap: "external",
    preserveSymlinks: true,
    // A tsconfig.json further up must not change what a slice does.
    tsconfigRaw: {},
    logLevel: "silent",
    logLimit: 50,
    logOverride: Object.fromEntries(Object.keys(plainerMessages).map((id) => [id, "error"])),
    plugins: [importPlugin(root)],
  }, options.esbuildPath);
  const issues = await leftovers(root, result.metafile);
  if (issues.length > 0) throw buildError(issues);
  const module = output(result, moduleFile);
  if (module.length > limits.bundleBytes) {
    throw new AetherError(
      "ARTIFACT_TOO_LARGE",
      `The bundled module has ${module.length} bytes; the limit is ${limits.bundleBytes}`,
      { hint: "Keep data out of the slice's sources" },
    );
  }
  return {
    module,
    sourceMap: output(result, `${moduleFile}.map`),
    warnings: result.warnings.map((warning) => formatIssue(toIssue(warning))),
  };
}

/** Builds that use esbuild's process now. */
let running = 0;
let esbuildProcess: ChildProcess | undefined;

/**
 * Runs one esbuild build; esbuild's process ends with the last build that runs.
 *
 * @param program Path of the esbuild program. Default: the one of the npm package.
 * @throws {AetherError} SLICE_BUILD_FAILED with all problems.
 */
export async function runEsbuild<Options extends BuildOptions>(
  options: Options,
  program?: string,
): Promise<BuildResult<Options>> {
  // Read by the package when it is loaded, hence the late import.
  if (program !== undefined) Deno.env.set("ESBUILD_BINARY_PATH", program);
  const esbuild = await import("esbuild");
  running++;
  try {
    return await watchSpawn(() =>
      esbuild.build(options as Parameters<typeof esbuild.build<Options>>[0])
    );
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (errors !== undefined) throw buildError(errors.map(toIssue), error);
    const reason = error instanceof Error ? error.message : String(error);
    throw new AetherError("SLICE_BUILD_FAILED", `The bundler failed: ${reason}`, {
      hint: "Check that this user may run programs and has free memory",
      cause: error,
    });
  } finally {
    running--;
    if (running === 0) await stopEsbuild(esbuild.stop);
  }
}

/** Notes the process that esbuild starts in its first call, because it does not tell. */
function watchSpawn<Result>(start: () => Result): Result {
  const original = childProcess.spawn;
  childProcess.spawn = ((...args: Parameters<typeof original>) => {
    esbuildProcess = original(...args);
    return esbuildProcess;
  }) as typeof original;
  try {
    return start();
  } finally {
    childProcess.spawn = original;
  }
}

/** Ends esbuild's process and, unlike its own `stop()`, waits until it has ended. */
async function stopEsbuild(stop: () => Promise<void>): Promise<void> {
  const child = esbuildProcess;
  esbuildProcess = undefined;
  const isOver = child?.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  if (isOver) return await stop();
  // esbuild lets the program end while its process runs; here it is worth waiting for.
  child.ref();
  const ended = once(child, "exit");
  await stop();
  await ended;
}

/** `mod.ts:3: message`. */
function formatIssue(issue: Issue): string {
  const line = issue.line === undefined ? "" : `:${issue.line}`;
  return `${issue.path}${line}: ${issue.message}`;
}

/** The error for problems in sources; the first one is in the message. */
export function buildError(issues: readonly Issue[], cause?: unknown): AetherError {
  const [first] = issues;
  const count = issues.length === 1 ? "1 problem" : `${issues.length} problems, the first`;
  const detail = first === undefined ? "" : `: ${formatIssue(first)}`;
  return new AetherError("SLICE_BUILD_FAILED", `The slice has ${count}${detail}`, {
    issues,
    cause,
  });
}

function importPlugin(root: string): Plugin {
  return {
    name: "aether",
    setup(build) {
      build.onResolve({ filter: /.*/ }, async ({ path, importer, kind }) => {
        if (kind === "entry-point") return { path };
        const isRequire = kind === "require-call" || kind === "require-resolve";
        const target = await resolveImport(root, { specifier: path, importer, isRequire });
        if ("problem" in target) return { errors: [{ text: target.problem }] };
        if ("path" in target) return { path: target.path };
        return { path: target.provided, namespace: providedNamespace, sideEffects: false };
      });
      build.onLoad({ filter: /.*/, namespace: providedNamespace }, ({ path }) => ({
        contents: shim(path as ProvidedModule),
        loader: "js",
      }));
    },
  };
}

/** A module with the names of a provided one; marked so that esbuild drops the unused. */
function shim(name: ProvidedModule): string {
  const names = Object.keys(namespaces[name]);
  return [
    `const from = /* @__PURE__ */ (() => globalThis[Symbol.for("${sdkGlobalName}")].${name})();`,
    ...names.map((key) => `const ${name}_${key} = /* @__PURE__ */ (() => from.${key})();`),
    `export { ${names.map((key) => `${name}_${key} as ${key}`).join(", ")} };`,
  ].join("\n");
}

function output(result: BuildResult<{ write: false }>, name: string): Uint8Array {
  const file = result.outputFiles.find(({ path }) => path.endsWith(name));
  return file?.contents ?? new Uint8Array();
}

/** Imports that esbuild left in the module, and files that it took from elsewhere by a pattern. */
async function leftovers(
  root: string,
  metafile: BuildResult<{ metafile: true }>["metafile"],
): Promise<Issue[]> {
  const issues: Issue[] = [];
  for (const [path, input] of Object.entries(metafile.inputs)) {
    for (const { path: target, external } of input.imports) {
      if (external !== true) continue;
      const line = await findComputedImport(resolve(root, path));
      issues.push({
        path,
        // A pattern such as `./${name}.ts` makes esbuild bundle every match.
        message: target.includes("*") ? computedAdvice : `Import of "${target}" is left over`,
        ...(line === undefined ? {} : { line }),
      });
    }
    const isOwn = path.startsWith(`${providedNamespace}:`) || isInside(root, resolve(root, path)) ||
      path.endsWith(`/${contractFile}`);
    if (!isOwn) issues.push({ path, message: "The file lies outside the slice's folder" });
  }
  return issues;
}

async function findComputedImport(path: string): Promise<number | undefined> {
  const computed = /\bimport\s*\(\s*(?:`|[^"'\s]|["'][^"']*["']\s*\+)/;
  const lines = (await Deno.readTextFile(path)).split("\n");
  const index = lines.findIndex((line) => computed.test(line));
  return index === -1 ? undefined : index + 1;
}

function toIssue(message: Message): Issue {
  const text = plainerMessages[message.id] ??
    message.text.replaceAll(`"${providedNamespace}:`, '"');
  const { location } = message;
  if (location === null) return { path: "bundle", message: text };
  return { path: location.file, message: text, line: location.line };
}
