/**
 * How the process of one slice is started: its command, environment and limits.
 *
 * The slice itself runs in a worker with exactly the manifest's permissions; what is set here is
 * the second wall around it, for a slice that breaks out of the first.
 *
 * @module
 */
import { sliceHostProgram } from "../../io/entry.ts";
import type { Permissions } from "../../protocol/slice/manifest.ts";

const mib = 1024 * 1024;
/**
 * What the runtime reserves before a slice has allocated anything (measured: 1070 MiB), most of it
 * never used.
 */
const baseDataMib = 1216;

/** Where a name must not lead, whatever the manifest says; Deno checks what it resolves to. */
const neverHosts = ["127.0.0.0/8", "0.0.0.0/8", "169.254.0.0/16", "[::1]", "[::]"];

/** Programs that set limits before the host starts, as far as this machine has them. */
export interface Wrappers {
  readonly prlimit: boolean;
  /** `env` that can block a signal. */
  readonly blockSignal: boolean;
  readonly nice: boolean;
}

/** A process to start. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Options of {@link launchOf}. */
export interface LaunchOptions {
  /** What the worker in it is granted. */
  readonly granted: Permissions;
  readonly heapMb: number;
  /** Further hosts that no name may lead to. */
  readonly deniedHosts: readonly string[];
  /** File for the runtime's record of every permission that is asked for. */
  readonly auditFile: string | undefined;
  readonly wrappers: Wrappers;
  /** The environment of this process. */
  readonly ownEnv: Readonly<Record<string, string>>;
}

/** The command of one slice process. */
export function launchOf(options: LaunchOptions): Launch {
  const { granted, heapMb, wrappers, ownEnv, auditFile } = options;
  const host = sliceHostProgram();
  const heap = `--max-old-space-size=${heapMb}`;
  const args = [...host.args];
  if (host.flagsAt !== undefined) {
    args.splice(host.flagsAt, 0, `--v8-flags=${heap}`, ...permissionFlags(options, host.readable));
  }
  const inner = [
    // The node's own threads come first when there is not enough CPU for all.
    ...(wrappers.nice ? ["nice", "-n", "5"] : []),
    // SIGUSR1 would open a debugger port in this process, as in every Deno.
    ...(wrappers.blockSignal ? ["env", "--block-signal=USR1"] : []),
    ...[host.command, ...args],
  ];
  const [command = "", ...rest] = wrappers.prlimit
    ? ["prlimit", `--data=${(baseDataMib + 2 * heapMb) * mib}`, "--core=0", ...inner]
    : inner;
  // The runtime's own folder; slices see a variable only when it is granted.
  const passed = ["PATH", "DENO_DIR", "HOME", "XDG_CACHE_HOME", ...granted.env ?? []];
  return {
    command,
    args: rest,
    env: {
      ...Object.fromEntries(passed.flatMap((name) => {
        const value = ownEnv[name];
        return value === undefined ? [] : [[name, value]];
      })),
      NO_COLOR: "1",
      DENO_NO_UPDATE_CHECK: "1",
      ...(host.flagsAt === undefined ? { DENO_V8_FLAGS: heap } : {}),
      ...(auditFile === undefined ? {} : { DENO_AUDIT_PERMISSIONS: auditFile }),
    },
  };
}

function permissionFlags({ granted, deniedHosts }: LaunchOptions, readable: string): string[] {
  const { net = [], read = [], write = [], env = [], sys = [], run = [], ffi = [] } = granted;
  const all = { net, read: [readable, ...read], write, env, sys, run, ffi };
  const flags = Object.entries(all).flatMap(([kind, entries]) => {
    if (entries.length === 0) return [];
    return entries.includes("*") ? [`--allow-${kind}`] : [`--allow-${kind}=${listed(entries)}`];
  });
  return net.length === 0
    ? flags
    : [...flags, `--deny-net=${listed([...neverHosts, ...deniedHosts])}`];
}

/** Commas separate entries; inside one they are doubled. */
function listed(entries: readonly string[]): string {
  return entries.map((entry) => entry.replaceAll(",", ",,")).join(",");
}

/** Finds out what this machine has; costs three short processes. */
export async function findWrappers(): Promise<Wrappers> {
  const works = async (command: string, args: string[]) => {
    try {
      const options = { args, stdin: "null", stdout: "null", stderr: "null" } as const;
      return (await new Deno.Command(command, options).output()).success;
    } catch {
      return false;
    }
  };
  return {
    prlimit: await works("prlimit", ["--core=0", "true"]),
    blockSignal: await works("env", ["--block-signal=USR1", "true"]),
    nice: await works("nice", ["-n", "5", "true"]),
  };
}
