/**
 * Bundles the application and its thread entries into plain ES modules with esbuild.
 *
 * npm packages are taken from the Deno cache by a throw-away `node_modules` of links, so a build
 * needs no network once `deno install` ran. Called by `build.ts` and `compile.ts`.
 *
 * @module
 */

import * as esbuild from "esbuild";
import { builtinModules as builtins } from "node:module";
import { dirname, join } from "node:path";
import { collectSdkFiles } from "../../src/artifact/sdk_files.ts";
import { buildExamples } from "../../src/forge/examples.ts";
import { type BuildConstant, entrySources, type Form } from "../../src/io/entry.ts";
import { capture } from "./process.ts";

/** What to bundle. */
export interface BundleOptions {
  /** The checkout: has `deno.json`, `deno.lock`, `main.ts` and `src/`. */
  readonly root: string;
  /** An empty folder of the caller's, used for the modules and for everything on the way. */
  readonly workDir: string;
  /** Written into the code as the constant `AETHER_BUILD`. */
  readonly form: Exclude<Form, "source">;
}

/** What was made. */
export interface Bundle {
  readonly info: BuildConstant;
  /** The folder that holds exactly the files. */
  readonly dir: string;
  /** Names of the modules and of the files that they read, sorted. */
  readonly files: readonly string[];
  /** Total size of the files. */
  readonly bytes: number;
  /** The native esbuild program for this machine. */
  readonly esbuildProgram: string;
}

/**
 * esbuild's package asks for Node's `require` and for its own place on the disk, so it cannot be
 * bundled: it stays a file of its own beside the modules.
 */
const packageOfEsbuild: esbuild.Plugin = {
  name: "esbuild-package",
  setup(build) {
    const names = Object.keys(esbuild).filter((name) => /^(?!default$)\w+$/.test(name));
    build.onResolve({ filter: /^esbuild$/ }, ({ path }) => ({ path, namespace: "package" }));
    build.onLoad({ filter: /.*/, namespace: "package" }, () => ({
      contents: `import { createRequire } from "node:module";
        export const { ${names.join(", ")} } = createRequire(import.meta.url)("./esbuild.cjs");`,
    }));
  },
};

/**
 * undici's package asks for Node's `require` as well: it is bundled by itself, with `require`, and
 * loaded only when a node opens its first HTTP client.
 */
const packageOfUndici: esbuild.Plugin = {
  name: "undici-package",
  setup(build) {
    build.onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: "undici" }));
    build.onLoad({ filter: /.*/, namespace: "undici" }, () => ({
      contents: `import { createRequire } from "node:module";
        export const { Agent, buildConnector } = createRequire(import.meta.url)("./undici.cjs");`,
    }));
  },
};

/** npm packages may name Node's modules without `node:`, which Deno wants, or `require` them. */
const builtinModules: esbuild.Plugin = {
  name: "builtin-modules",
  setup(build) {
    const filter = new RegExp(`^(?:node:)?(?:${builtins.join("|")})$`);
    build.onResolve({ filter }, ({ path, kind, importer }) => {
      if (kind === "require-call") {
        const text = `${importer} requires "${path}", which a module cannot: use another package`;
        return { errors: [{ text }] };
      }
      return { path: path.startsWith("node:") ? path : `node:${path}`, external: true };
    });
  },
};

/** Zod's messages in some fifty languages are half of it; nothing here speaks but English. */
const localesOfZod: esbuild.Plugin = {
  name: "zod-locales",
  setup(build) {
    build.onLoad({ filter: /[/\\]zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({
      contents: `export { default as en } from "./en.js";`,
    }));
  },
};

/** Bundles all entries; throws with esbuild's messages when one does not resolve or parse. */
export async function bundle({ root, workDir, form }: BundleOptions): Promise<Bundle> {
  const dir = join(workDir, "bundle");
  const info: BuildConstant = {
    version: await versionOf(root),
    commit: await commitOf(root),
    form,
  };
  const examples = await buildExamples();
  const modulesDir = await installModules(root);
  try {
    await esbuild.build({
      absWorkingDir: root,
      entryPoints: entryPoints(root),
      outdir: dir,
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      target: "esnext",
      mainFields: ["module", "main"],
      conditions: ["deno", "import", "module"],
      nodePaths: [modulesDir],
      alias: { aether: join(root, "mod.ts") },
      // A string literal: esbuild would turn an object into a module that all others import.
      define: { AETHER_BUILD: JSON.stringify(JSON.stringify(info)) },
      chunkNames: "chunk-[hash]",
      legalComments: "none",
      minifyWhitespace: true,
      minifySyntax: true,
      logLevel: "warning",
      plugins: [packageOfEsbuild, packageOfUndici, builtinModules, localesOfZod],
    });
    await Deno.copyFile(join(modulesDir, "esbuild/lib/main.js"), join(dir, "esbuild.cjs"));
    await bundleUndici(root, modulesDir, join(dir, "undici.cjs"));
    await Deno.writeTextFile(join(dir, "sdk.json"), JSON.stringify(await collectSdkFiles()));
    for (const [name, content] of Object.entries(examples)) {
      await Deno.writeFile(join(dir, name), content);
    }
    const files = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
    const bytes = files.reduce((sum, name) => sum + Deno.statSync(join(dir, name)).size, 0);
    return { info, dir, files, bytes, esbuildProgram: await findEsbuild(modulesDir) };
  } finally {
    await esbuild.stop();
  }
}

async function bundleUndici(root: string, modulesDir: string, outfile: string): Promise<void> {
  await esbuild.build({
    absWorkingDir: root,
    stdin: { contents: `module.exports = require("undici");`, resolveDir: root },
    outfile,
    bundle: true,
    format: "cjs",
    platform: "node",
    target: "esnext",
    nodePaths: [modulesDir],
    legalComments: "none",
    logLevel: "warning",
  });
}

function entryPoints(root: string): { in: string; out: string }[] {
  const threads = Object.entries(entrySources).map(([out, path]) => ({
    in: join(root, "src/io", path),
    out,
  }));
  return [{ in: join(root, "main.ts"), out: "aether" }, ...threads];
}

/** The version from `deno.json`. */
async function versionOf(root: string): Promise<string> {
  const config: unknown = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  return (config as { version: string }).version;
}

/** The commit, so that equal sources make equal bytes: no time and no path enters a build. */
async function commitOf(root: string): Promise<string> {
  const head = await capture("git", ["-C", root, "rev-parse", "--short=12", "HEAD"]);
  if (head === undefined) return "unknown";
  const changes = await capture("git", ["-C", root, "status", "--porcelain"]);
  return changes === "" ? head : `${head}-dirty`;
}

/**
 * Links the locked npm packages into a `node_modules` and returns its path, which is the same for
 * every build because it ends up in the modules' names and comments.
 */
async function installModules(root: string): Promise<string> {
  const folder = join(root, "dist", "modules");
  await Deno.mkdir(folder, { recursive: true });
  for (const name of ["deno.json", "deno.lock"]) {
    await Deno.copyFile(join(root, name), join(folder, name));
  }
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--node-modules-dir=auto", "--frozen"],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) {
    throw new Error(`Cannot install the npm packages: ${new TextDecoder().decode(stderr).trim()}`);
  }
  return join(folder, "node_modules");
}

/** The native program, an optional dependency of esbuild that lies beside esbuild's own folder. */
async function findEsbuild(modulesDir: string): Promise<string> {
  const packages = dirname(await Deno.realPath(join(modulesDir, "esbuild")));
  for await (const entry of Deno.readDir(join(packages, "@esbuild"))) {
    const program = join(packages, "@esbuild", entry.name, "bin", "esbuild");
    return await Deno.realPath(program);
  }
  throw new Error("The esbuild package has no program for this platform: run `deno install` again");
}
