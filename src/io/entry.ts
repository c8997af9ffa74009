/**
 * The one place that knows in which form Aether runs, and what follows from it: where the threads'
 * main modules are, how to start the same program again, where the files packed with it are.
 *
 * Three forms exist: from source under `deno run`, as a `deno compile` binary, and as the
 * self-extracting executable that `scripts/build.ts` makes. Bundles carry the constant
 * `AETHER_BUILD`; a source tree has none.
 *
 * It starts nothing itself. Callers: the supervisor, the sandbox, the slice builder, `aether
 * version`, and the build, which compiles {@link runtimeFlags} into the launcher.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** How this program was packaged. */
export type Form = "source" | "compiled" | "bundle";

/** The threads and child processes that have a main module of their own. */
export type EntryName = "control" | "gateway" | "relay" | "resources" | "shell" | "storage";

/** What `aether version` says. */
export interface BuildInfo {
  /** The release, from `deno.json`, for example `0.1.0`. */
  readonly version: string;
  /** Abbreviated commit; `-dirty` follows when files differed; `working-tree` in source form. */
  readonly commit: string;
  readonly form: Form;
  /** Version of the Deno runtime, for example `2.9.6`. */
  readonly deno: string;
}

/** A program and its first arguments; callers append their own. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

/** What the bundler writes into the code, as JSON, in place of `AETHER_BUILD`. */
export type BuildConstant = Omit<BuildInfo, "deno">;

declare const AETHER_BUILD: string | undefined;

const build = typeof AETHER_BUILD === "undefined"
  ? undefined
  : JSON.parse(AETHER_BUILD) as BuildConstant;

/** Path of every entry's source, from the folder of this module. */
export const entrySources: Readonly<Record<EntryName, string>> = {
  control: "../api/main.ts",
  gateway: "../gateway/main.ts",
  relay: "../sandbox/process/relay.ts",
  resources: "../resource/main.ts",
  shell: "../sandbox/shell/main.ts",
  storage: "../storage/main.ts",
};

/**
 * Flag of the engine for every thread: how much of its heap is for what was made just now, in MiB.
 *
 * Left to itself, each thread's part grows up to 64 MiB and stays; with this one requests cost no
 * more CPU (measured).
 */
export const engineFlag = "--v8-flags=--max-semi-space-size=4";

/**
 * Flags of `deno run` for a packaged Aether: nothing but the bundle is loaded, and nothing on the
 * user's machine (a `deno.json`, a lock file, a prompt) changes how it runs.
 */
export const runtimeFlags: readonly string[] = [
  "-A",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--no-check",
  "--unstable-worker-options",
  "--unstable-no-legacy-abort",
  engineFlag,
];

/** The form in which this program runs. */
export function form(): Form {
  return build?.form ?? "source";
}

/** Version, commit, form and runtime of this program; reads `deno.json` when run from source. */
export function buildInfo(): BuildInfo {
  const deno = Deno.version.deno;
  if (build !== undefined) return { ...build, deno };
  const config: unknown = JSON.parse(Deno.readTextFileSync(sourceFile("../../deno.json")));
  const { version } = config as { version: string };
  return { version, commit: "working-tree", form: "source", deno };
}

/**
 * URL of an entry's main module, for `new Worker(entryUrl("shell"), { type: "module" })`.
 *
 * In a bundle the entries lie beside the module that holds this function.
 */
export function entryUrl(name: EntryName): string {
  return new URL(build === undefined ? entrySources[name] : `./${name}.js`, import.meta.url).href;
}

/**
 * How to start this program again as a child process.
 *
 * The packaged form names the unpacked runtime rather than the executable: the child is the same
 * version as its parent even after the executable was replaced or removed by an upgrade.
 *
 * @example
 * ```ts
 * import { selfCommand } from "./entry.ts";
 * const self = selfCommand();
 * new Deno.Command(self.command, { args: [...self.args, "version"] });
 * ```
 */
export function selfCommand(): Command {
  switch (form()) {
    case "compiled":
      return { command: Deno.execPath(), args: [] };
    case "bundle":
      return {
        command: sourceFile("./aether"),
        args: ["run", ...runtimeFlags, sourceFile("./aether.js")],
      };
    case "source": {
      const config = sourceFile("../../deno.json");
      const run = ["run", "-A", "--no-prompt", engineFlag];
      return {
        command: Deno.execPath(),
        args: [...run, "--config", config, sourceFile("../../main.ts")],
      };
    }
  }
}

/** The word after which this program is the host of one slice; only the node says it. */
export const sliceHostWord = "__slice-host";

/** How to start this program as the host of one slice. */
export interface SliceHostProgram extends Command {
  /** Where flags of the runtime go among the arguments; undefined where there are none. */
  readonly flagsAt: number | undefined;
  /** What the host must be able to read: its own modules. */
  readonly readable: string;
}

/**
 * How to start this program as the host of one slice.
 *
 * From source and as a bundle it gets flags for narrow permissions; a compiled binary has those it
 * was compiled with, and the host gives them up itself.
 */
export function sliceHostProgram(): SliceHostProgram {
  switch (form()) {
    case "compiled": {
      const command = Deno.execPath();
      return { command, args: [sliceHostWord], flagsAt: undefined, readable: "" };
    }
    case "bundle": {
      const flags = runtimeFlags.filter((flag) => flag !== "-A");
      return {
        command: sourceFile("./aether"),
        args: ["run", ...flags, sourceFile("./aether.js"), sliceHostWord],
        flagsAt: 1,
        readable: sourceFile("."),
      };
    }
    case "source": {
      const config = sourceFile("../../deno.json");
      const flags = ["--no-prompt", "--cached-only", engineFlag, "--config", config];
      return {
        command: Deno.execPath(),
        args: ["run", ...flags, sourceFile("../../main.ts"), sliceHostWord],
        flagsAt: 1,
        readable: sourceFile("../.."),
      };
    }
  }
}

/**
 * Path of the esbuild program that was packed with this one; undefined from source, where the
 * esbuild package finds its own, and in a compiled binary that was built without it.
 */
export function esbuildPath(): string | undefined {
  if (build === undefined) return undefined;
  const path = sourceFile("./esbuild");
  return isFile(path) ? path : undefined;
}

/** Path of the packed SDK for `aether slice`; undefined from source, where it is collected. */
export function sdkPath(): string | undefined {
  return build === undefined ? undefined : sourceFile("./sdk.json");
}

/** Path of a program that is the Deno CLI; undefined in a compiled binary, which has none. */
export function denoPath(): string | undefined {
  return form() === "compiled" ? undefined : Deno.execPath();
}

function sourceFile(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
