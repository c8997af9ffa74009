/**
 * {@link World}: a folder and the processes of one test; both are gone when the test is over.
 *
 * @module
 */
import { dirname, join } from "node:path";
import {
  aetherProgram,
  type Outcome,
  type Program,
  root,
  Running,
  type RunOptions,
} from "./program.ts";

/** The unpacked executable is shared by all tests, as it is by all processes of a user. */
const cache = join(root, "dist", "e2e-cache");
/** Variable in the environment of every process of a world and of their children. */
const marker = "E2E_WORLD";
const runTimeoutMs = 60_000;

/** A folder and the processes of one test. */
export class World {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** What `start` and `run` run. */
  program: Program = aetherProgram();
  readonly #processes: Running[] = [];

  private constructor(dir: string) {
    this.dir = dir;
    this.env = {
      PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
      HOME: join(dir, "home"),
      AETHER_CACHE: cache,
      [marker]: dir,
    };
  }

  /** An empty world. */
  static async open(): Promise<World> {
    const world = new World(await Deno.realPath(await Deno.makeTempDir({ prefix: "aether-e2e-" })));
    await Deno.mkdir(join(world.dir, "home"));
    await Deno.mkdir(cache, { recursive: true, mode: 0o700 });
    return world;
  }

  /** A path in the world's folder. */
  path(...parts: readonly string[]): string {
    return join(this.dir, ...parts);
  }

  /** Writes a file in the world's folder and returns its path. */
  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = this.path(name);
    await Deno.mkdir(dirname(path), { recursive: true });
    if (typeof content === "string") await Deno.writeTextFile(path, content);
    else await Deno.writeFile(path, content);
    return path;
  }

  /** Starts aether. */
  start(words: readonly string[], options: RunOptions = {}): Running {
    const { command, args } = this.program;
    return this.startProgram([command, ...args, ...words], options);
  }

  /** Starts any program. */
  startProgram(words: readonly string[], options: RunOptions = {}): Running {
    const { under = [], env = {}, cwd = this.dir } = options;
    const all = { ...options, cwd, env: { ...this.env, ...env } };
    const running = new Running([...under, ...words], all);
    this.#processes.push(running);
    return running;
  }

  /** Runs aether to its end. */
  run(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.#toItsEnd(this.start(words, options));
  }

  /** Runs any program to its end. */
  runProgram(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.#toItsEnd(this.startProgram(words, options));
  }

  /** Runs aether and throws when it does not end with 0; returns its standard output. */
  async must(words: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(words, options);
    if (code !== 0) {
      throw new Error(`The command aether ${words.join(" ")} ended with ${code}: ${stderr}`);
    }
    return stdout;
  }

  /** What every process printed last. */
  get log(): string {
    return this.#processes.map((running) => running.log).join("");
  }

  /** Processes of this world that live, whoever started them. */
  async living(): Promise<number[]> {
    const found: number[] = [];
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const environ = await Deno.readTextFile(`/proc/${name}/environ`).catch(() => "");
      if (environ.split("\0").includes(`${marker}=${this.dir}`)) found.push(Number(name));
    }
    return found;
  }

  /** Ends every process and removes the folder; throws when a process had been left behind. */
  async close(): Promise<void> {
    for (const running of this.#processes) running.kill();
    await Promise.all(this.#processes.map((running) => running.ended));
    const left = await this.#leftBehind();
    for (const pid of left) Deno.kill(pid, "SIGKILL");
    await Deno.remove(this.dir, { recursive: true });
    if (left.length > 0) throw new Error(`Processes were left behind: ${left.join(", ")}`);
  }

  /** Children whose parent was killed may need a moment to notice. */
  async #leftBehind(): Promise<number[]> {
    const endMs = performance.now() + 12_000;
    for (;;) {
      const left = await this.living();
      if (left.length === 0 || performance.now() > endMs) return left;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #toItsEnd(running: Running): Promise<Outcome> {
    const timer = setTimeout(() => running.kill(), runTimeoutMs);
    try {
      return await running.ended;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A test with a world of its own; when it fails, the error shows what its processes printed. */
export function e2eTest(
  name: string,
  run: (world: World, t: Deno.TestContext) => Promise<void>,
): void {
  Deno.test(name, async (t) => {
    const world = await World.open();
    try {
      await run(world, t);
    } catch (error) {
      if (error instanceof Error) error.message += `\n${world.log}`;
      throw error;
    } finally {
      await world.close();
    }
  });
}

/** Runs a program in a world of its own; resolves to the exit code, 1 when it throws. */
export async function inWorld(run: (world: World) => Promise<boolean>): Promise<number> {
  const world = await World.open();
  try {
    return await run(world) ? 0 : 1;
  } catch (error) {
    console.error(error, world.log);
    return 1;
  } finally {
    await world.close();
  }
}
