/**
 * `deno task build [--release | --level N] [--out FILE]`: makes the self-extracting executable
 * `dist/aether` from the launcher, this Deno, the native esbuild and the bundled application.
 *
 * Works offline after `deno install`; equal sources make equal bytes. Linux only: elsewhere use
 * `deno task compile`.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runtimeFlags } from "../src/io/entry.ts";
import { type Bundle, bundle } from "./lib/bundle.ts";
import { compileLauncher } from "./lib/launcher.ts";
import { pack, type PackedFile } from "./lib/pack.ts";
import { Steps } from "./lib/steps.ts";

const releaseLevel = 19;
const fastLevel = 3;

async function collect({ dir, files, esbuildProgram }: Bundle): Promise<PackedFile[]> {
  const packed: PackedFile[] = [
    { name: "aether", bytes: await Deno.readFile(Deno.execPath()), mode: 0o700 },
    { name: "esbuild", bytes: await Deno.readFile(esbuildProgram), mode: 0o700 },
  ];
  for (const name of files) {
    packed.push({ name, bytes: await Deno.readFile(join(dir, name)), mode: 0o600 });
  }
  return packed;
}

/** Renames into place, so that a running copy and a concurrent reader keep a whole file. */
async function install(bytes: Uint8Array, path: string): Promise<string> {
  const temporary = `${path}.${Deno.pid}.new`;
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeFile(temporary, bytes, { mode: 0o755 });
  await Deno.rename(temporary, path);
  return `${path}, ${(bytes.length / 1e6).toFixed(1)} MB`;
}

interface BuildOptions {
  readonly root: string;
  readonly workDir: string;
  readonly out: string;
  readonly level: number;
}

async function build({ root, workDir, out, level }: BuildOptions): Promise<number> {
  const steps = new Steps();
  let made: Bundle | undefined;
  let launcher: Uint8Array | undefined;
  await steps.run("bundle", async () => {
    made = await bundle({ root, workDir, form: "bundle" });
    return `${made.files.length} modules, ${(made.bytes / 1e3).toFixed(0)} kB`;
  });
  await steps.run("launcher", async () => {
    const sourceDir = join(root, "scripts", "launcher");
    launcher = await compileLauncher({ sourceDir, workDir, runArgs: ["run", ...runtimeFlags] });
  });
  await steps.run(`pack at level ${level}`, async () => {
    if (made === undefined || launcher === undefined) throw new Error("A step before this failed");
    return await install(await pack(launcher, await collect(made), level), out);
  });
  return steps.finish();
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      release: { type: "boolean", default: false },
      level: { type: "string" },
      out: { type: "string" },
    },
  });
  const level = Number(values.level ?? (values.release ? releaseLevel : fastLevel));
  if (!Number.isInteger(level) || level < 1 || level > 22) {
    console.error(`The level '${values.level}' is not valid: give a number from 1 to 22`);
    return 2;
  }
  if (Deno.build.os !== "linux") {
    console.error(`The launcher is for Linux, not ${Deno.build.os}: use \`deno task compile\``);
    return 1;
  }
  const root = fileURLToPath(new URL("..", import.meta.url));
  const out = resolve(values.out ?? join(root, "dist", "aether"));
  await Deno.mkdir(join(root, "dist"), { recursive: true });
  const workDir = await Deno.makeTempDir({ dir: join(root, "dist"), prefix: "build-" });
  try {
    return await build({ root, workDir, out, level });
  } finally {
    await Deno.remove(workDir, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
