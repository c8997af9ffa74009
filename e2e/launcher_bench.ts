/**
 * Executables for the tests of the launcher: the real launcher with a small stand-in for the
 * runtime, so that its processes can be held and examined.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileLauncher } from "../scripts/lib/launcher.ts";
import { pack } from "../scripts/lib/pack.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Prints its arguments and two variables; waits for the end of its input when told to `wait`. */
const standInSource = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++) printf("%s\\n", argv[i]);
  printf("exe=%s\\ndir=%s\\n", getenv("AETHER_EXE"), getenv("DENO_DIR"));
  fflush(stdout);
  if (strcmp(argv[argc - 1], "wait") == 0) while (getchar() != EOF) {}
  return 0;
}
`;

/** How a process ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to start an executable: with exactly these arguments and variables, and PATH. */
export interface Start {
  readonly args?: string[];
  readonly env?: Record<string, string>;
  /** A program and arguments to run the executable under. */
  readonly under?: string[];
}

/** Runs an executable to its end. */
export async function start(
  exe: string,
  { args = [], env = {}, under = [] }: Start,
): Promise<Outcome> {
  const [command, ...rest] = [...under, exe, ...args];
  assert(command !== undefined);
  const output = await new Deno.Command(command, {
    args: rest,
    env: { PATH: Deno.env.get("PATH") ?? "", ...env },
    clearEnv: true,
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return {
    code: output.code,
    stdout: text.decode(output.stdout),
    stderr: text.decode(output.stderr),
  };
}

/** Compiles the launcher and the stand-in once for all cases. */
async function compileParts(): Promise<{ launcher: Uint8Array; runtime: Uint8Array<ArrayBuffer> }> {
  const dir = await Deno.makeTempDir({ prefix: "aether-launcher-" });
  try {
    const launcher = await compileLauncher({
      sourceDir: join(root, "scripts", "launcher"),
      workDir: dir,
      runArgs: ["run", "-A"],
    });
    await Deno.writeTextFile(join(dir, "stand_in.c"), standInSource);
    const program = join(dir, "stand_in");
    const gcc = await start("gcc", { args: ["-o", program, join(dir, "stand_in.c")] });
    assert.equal(gcc.code, 0, gcc.stderr);
    return { launcher, runtime: await Deno.readFile(program) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const parts = await compileParts();

/** A folder of one test: executables, and the cache they unpack into. */
export class Bench {
  private constructor(readonly dir: string) {}

  static async open(): Promise<Bench> {
    return new Bench(await Deno.makeTempDir({ prefix: "aether-launcher-" }));
  }

  get cache(): string {
    return join(this.dir, "cache");
  }

  get env(): Record<string, string> {
    return { AETHER_CACHE: this.cache };
  }

  /** Packs an executable whose application is the given text. */
  async pack(name: string, application: string): Promise<string> {
    const path = join(this.dir, name);
    const bytes = new TextEncoder().encode(application);
    const files = [
      { name: "aether", bytes: parts.runtime, mode: 0o700 },
      { name: "aether.js", bytes, mode: 0o600 },
    ];
    await Deno.writeFile(path, await pack(parts.launcher, files, 1), { mode: 0o755 });
    return path;
  }

  /** Names of the unpacked versions. */
  versions(): string[] {
    return [...Deno.readDirSync(this.cache)].filter((entry) => entry.isDirectory)
      .map((entry) => entry.name).sort();
  }

  /** Path of a file of the only unpacked version. */
  file(name: string): string {
    const [version, ...others] = this.versions();
    assert(version !== undefined && others.length === 0);
    return join(this.cache, version, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** A process that is held until {@link Held.end}. */
export class Held {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /** Starts the executable and resolves once its runtime has printed everything. */
  static async start(exe: string, env: Record<string, string>): Promise<Held> {
    const child = new Deno.Command(exe, {
      args: ["wait"],
      env,
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let printed = "";
    while (!printed.includes("\ndir=")) {
      const { value, done } = await reader.read();
      assert(!done, `The process ended early after printing ${printed}`);
      printed += value;
    }
    await reader.cancel();
    return new Held(child);
  }

  get program(): string {
    return Deno.readLinkSync(`/proc/${this.#child.pid}/exe`);
  }

  async end(): Promise<void> {
    await this.#child.stdin.close();
    assert.equal((await this.#child.status).code, 0);
  }
}
