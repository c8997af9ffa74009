/**
 * The SDK as files, for editors, `deno check` and `deno test` on a machine without network.
 *
 * A slice's folder gets them under `.aether/sdk/`: the sources of `mod.ts`, its packages as one
 * module each, and their types. They are never part of a slice's bundle. From source they are
 * collected from the checkout and Deno's npm cache; a packaged aether carries them as a JSON file,
 * which `scripts/` makes with {@link collectSdkFiles} and puts beside the bundle as `sdk.json`.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { assert } from "../base/assert.ts";
import { editorSchema, editorSchemaNames } from "../protocol/editor/schemas.ts";
import { runEsbuild } from "./bundler.ts";

/** Texts by path, below `.aether/sdk/`. */
export type SdkFiles = Readonly<Record<string, string>>;

const folder = ".aether/sdk";
const stampFile = "stamp";
/** Path of the rules for slices among the files, a plugin of `deno lint`. */
export const lintPlugin = "src/artifact/lint/plugin.ts";

/** The import map of a slice's folder. */
export const sdkImports = {
  aether: `./${folder}/mod.ts`,
  zod: `./${folder}/zod/index.js`,
} as const;

/** The functions of semver that the SDK calls. */
const semverTypes = `/** The part of the semver package that the SDK uses. */
declare const semver: {
  valid(version: string): string | null;
  validRange(range: string): string | null;
  satisfies(version: string, range: string): boolean;
  compareBuild(a: string, b: string): 1 | 0 | -1;
};
export default semver;
`;

const zodFiles = { module: "zod/index.js", types: "zod/index.d.ts" };
const cronerFiles = { module: "croner/index.js", types: "croner/index.d.ts" };
const semverFiles = { module: "semver/index.js", types: "semver/index.d.ts" };
/** Where the packages that the SDK imports lie among the files. */
const packages: Readonly<Record<string, string>> = {
  zod: zodFiles.module,
  semver: semverFiles.module,
  croner: cronerFiles.module,
};

let collected: Promise<SdkFiles> | undefined;

/**
 * The SDK's files.
 *
 * @param sdkPath Path of `sdk.json` in a packaged aether; without it they are collected.
 */
export async function sdkFiles(sdkPath?: string): Promise<SdkFiles> {
  if (sdkPath !== undefined) return JSON.parse(await Deno.readTextFile(sdkPath)) as SdkFiles;
  return await (collected ??= collectSdkFiles());
}

/** Collects the files from the checkout; works from source only. */
export async function collectSdkFiles(): Promise<SdkFiles> {
  const files: Record<string, string> = {};
  const root = new URL("../../", import.meta.url);
  await addSources(root, "mod.ts", files);
  await addSources(root, lintPlugin, files);
  for (const name of editorSchemaNames) {
    files[`schemas/${name}.json`] = `${JSON.stringify(editorSchema(name), null, 2)}\n`;
  }
  const zod = dirname(packagePath("zod"));
  await addTypes(zod, "index.d.ts", files);
  files["zod/LICENSE"] = await Deno.readTextFile(join(zod, "LICENSE"));
  files[zodFiles.module] = await bundlePackage("zod");
  const croner = dirname(packagePath("croner"));
  files["croner/LICENSE"] = await Deno.readTextFile(join(croner, "../LICENSE"));
  files[cronerFiles.module] = await bundlePackage("croner");
  files[cronerFiles.types] = await Deno.readTextFile(join(croner, "croner.d.ts"));
  const semver = dirname(packagePath("semver"));
  files["semver/LICENSE"] = await Deno.readTextFile(join(semver, "LICENSE"));
  files[semverFiles.module] = await bundlePackage("semver");
  files[semverFiles.types] = semverTypes;
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Writes the SDK's files below `.aether/sdk/` of a folder. */
export async function writeSdk(dir: string, sdkPath?: string): Promise<void> {
  const files = await sdkFiles(sdkPath);
  const target = join(dir, folder);
  for (const parent of new Set(Object.keys(files).map((path) => posix.dirname(path)))) {
    await Deno.mkdir(join(target, parent), { recursive: true });
  }
  for (const [path, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(target, path), text);
  }
  // Last: a stamp says that everything is there.
  await Deno.writeTextFile(join(target, stampFile), stampOf(files));
}

/**
 * Writes the SDK's files where they are missing or of another version: they are not under version
 * control, so a fresh clone lacks them.
 */
export async function restoreSdk(dir: string, sdkPath?: string): Promise<void> {
  let stamp: string | undefined;
  try {
    stamp = await Deno.readTextFile(join(dir, folder, stampFile));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (stamp !== stampOf(await sdkFiles(sdkPath))) await writeSdk(dir, sdkPath);
}

function stampOf(files: SdkFiles): string {
  return createHash("sha256").update(JSON.stringify(files)).digest("hex");
}

/** Adds a source of the checkout and all that it imports. */
async function addSources(root: URL, path: string, files: Record<string, string>): Promise<void> {
  if (files[path] !== undefined) return;
  const text = await Deno.readTextFile(new URL(path, root));
  const found: string[] = [];
  // Not in examples, whose lines begin with an asterisk.
  files[path] = text.replaceAll(/^([^*\n]*\bfrom )"([^"]+)"/gm, (_, before, specifier) => {
    if (specifier.startsWith(".")) {
      found.push(posix.join(posix.dirname(path), specifier));
      return `${before}"${specifier}"`;
    }
    if (specifier.startsWith("node:")) return `${before}"${specifier}"`;
    const target = packages[specifier];
    assert(target !== undefined, `The SDK imports "${specifier}", which sdk_files.ts cannot pack`);
    const way = posix.relative(posix.dirname(path), target);
    return `${before}"${way.startsWith(".") ? way : `./${way}`}"`;
  });
  for (const next of found) await addSources(root, next, files);
}

/** Adds a declaration file of zod and all that it imports. */
async function addTypes(zod: string, path: string, files: Record<string, string>): Promise<void> {
  const key = `zod/${path}`;
  if (files[key] !== undefined) return;
  const text = await Deno.readTextFile(join(zod, path));
  const found: string[] = [];
  // There is one bundled .js file only, so declarations import each other.
  files[key] = text.replaceAll(/(["'])(\.{1,2}\/[^"']+)\.js\1/g, (_, quote, specifier) => {
    found.push(posix.join(posix.dirname(path), `${specifier}.d.ts`));
    return `${quote}${specifier}.d.ts${quote}`;
  });
  for (const next of found) await addTypes(zod, next, files);
}

async function bundlePackage(name: string): Promise<string> {
  const { outputFiles } = await runEsbuild({
    entryPoints: [packagePath(name)],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "esnext",
    charset: "utf8",
    minify: true,
    legalComments: "none",
    logLevel: "silent",
  });
  return `// @ts-self-types="./index.d.ts"\n${outputFiles[0]?.text}`;
}

function packagePath(name: string): string {
  return fileURLToPath(import.meta.resolve(name));
}
