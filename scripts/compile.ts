/**
 * `deno task compile [--target TRIPLE] [--out FILE]`: makes `dist/aether-compiled` with the real
 * `deno compile` from the same bundle that `deno task build` ships.
 *
 * It needs Deno's base binary (denort), which Deno downloads unless it is cached or DENORT_BIN
 * names one. This is the form for macOS and Windows; on Linux `deno task build` works offline.
 *
 * @module
 */

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { engineFlag } from "../src/io/entry.ts";
import { type Bundle, bundle } from "./lib/bundle.ts";
import { Steps } from "./lib/steps.ts";

/** The arguments of `deno` that compile a bundle. */
export function compileArgs(made: Bundle, out: string, target?: string): string[] {
  const included = made.files.filter((name) => name !== "aether.js");
  // The program at hand is for this machine only.
  if (target === undefined) included.push("esbuild");
  return [
    "compile",
    "-A",
    "--no-config",
    "--no-lock",
    "--no-check",
    "--no-remote",
    "--no-npm",
    "--unstable-worker-options",
    "--unstable-no-legacy-abort",
    engineFlag,
    "--app-name=aether",
    // Worker entries are not reachable by imports, and esbuild must lie on the disk to run.
    ...included.map((name) => `--include=${join(made.dir, name)}`),
    "--self-extracting",
    ...(target === undefined ? [] : [`--target=${target}`]),
    `--output=${out}`,
    join(made.dir, "aether.js"),
  ];
}

async function compile(args: string[]): Promise<void> {
  const output = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
  if (output.success) return;
  const reason = new TextDecoder().decode(output.stderr).trim();
  throw new Error(
    `Cannot compile: ${reason}\n\n\`deno compile\` builds on denort ${Deno.version.deno}, which ` +
      "it downloads from Deno's release server.\nConnect this machine to it, set DENORT_BIN to a " +
      "denort of this version,\nor run `deno task build`, which needs neither (Linux)",
  );
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { target: { type: "string" }, out: { type: "string" } },
  });
  const root = fileURLToPath(new URL("..", import.meta.url));
  const out = resolve(values.out ?? join(root, "dist", "aether-compiled"));
  await Deno.mkdir(join(root, "dist"), { recursive: true });
  const workDir = await Deno.makeTempDir({ dir: join(root, "dist"), prefix: "compile-" });
  const steps = new Steps();
  try {
    let made: Bundle | undefined;
    await steps.run("bundle", async () => {
      made = await bundle({ root, workDir, form: "compiled" });
      await Deno.copyFile(made.esbuildProgram, join(made.dir, "esbuild"));
    });
    await steps.run("compile", async () => {
      if (made === undefined) throw new Error("A step before this failed");
      await compile(compileArgs(made, out, values.target));
      return out;
    });
    return steps.finish();
  } finally {
    await Deno.remove(workDir, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
