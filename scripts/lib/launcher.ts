/**
 * Compiles the C launcher of the self-extracting executable with the machine's gcc.
 *
 * Called by `build.ts`.
 *
 * @module
 */

import { join } from "node:path";

const flags = [
  "-std=c11",
  "-O2",
  "-static",
  "-s",
  "-Wall",
  "-Wextra",
  "-Werror",
  // Paths are bounded once, where the cache root is chosen.
  "-Wno-format-truncation",
  "-fstack-protector-strong",
  "-Wl,--build-id=none",
];

/** Options of {@link compileLauncher}. */
export interface LauncherOptions {
  /** Folder with the C sources. */
  readonly sourceDir: string;
  /** Receives the generated header and the program. */
  readonly workDir: string;
  /** Arguments of the runtime before the application's path. */
  readonly runArgs: readonly string[];
}

/** Compiles the launcher and returns its bytes; throws with what to install when gcc cannot. */
export async function compileLauncher(options: LauncherOptions): Promise<Uint8Array> {
  const { sourceDir, workDir, runArgs } = options;
  const header = `#define RUN_ARGS ${runArgs.map((arg) => JSON.stringify(arg)).join(", ")}\n`;
  await Deno.mkdir(workDir, { recursive: true });
  await Deno.writeTextFile(join(workDir, "run_args.h"), header);
  const program = join(workDir, "launcher");
  const sources = ["launcher.c", "sha256.c"].map((name) => join(sourceDir, name));
  const args = [...flags, `-I${workDir}`, "-o", program, ...sources, "-lzstd"];
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("gcc", { args, stdin: "null" }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error("There is no gcc here: install gcc, libc6-dev and libzstd-dev", {
      cause: error,
    });
  }
  if (!output.success) {
    const reason = new TextDecoder().decode(output.stderr).trim();
    throw new Error(
      `The launcher does not compile; gcc needs libc6-dev and libzstd-dev:\n${reason}`,
    );
  }
  return await Deno.readFile(program);
}
