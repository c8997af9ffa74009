/**
 * Instances of the echo slice in both tiers, without a node around them: what many idle ones cost.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSlice } from "../../src/artifact/build.ts";
import { openSlice } from "../../src/artifact/package.ts";
import { describeSlice } from "../../src/sandbox/describe.ts";
import { findWrappers, launchOf, type Wrappers } from "../../src/sandbox/process/launch.ts";
import { SliceProcess } from "../../src/sandbox/process/slice_process.ts";
import type { RunningInstance } from "../../src/sandbox/running_instance.ts";
import { watchLimits } from "../../src/sandbox/watchdog.ts";
import { WorkerInstance } from "../../src/sandbox/worker_instance.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const heapMb = 64;

/** Where instances run. */
export type BenchTier = "worker" | "process";

/** What it takes to start instances. */
export interface Bed {
  readonly module: Uint8Array;
  readonly artifact: string;
  readonly wrappers: Wrappers;
}

/** An instance that was started. */
export interface Started {
  readonly instance: RunningInstance;
  /** Of the process, in the process tier. */
  readonly pid: number | undefined;
  readonly ready: Promise<void>;
  readonly ended: Promise<string>;
}

/** Builds echo. */
export async function prepareBed(): Promise<Bed> {
  const built = await buildSlice(join(root, "slices", "echo"), {
    builtWith: "bench",
    check: false,
    describe: describeSlice,
  });
  const { module, manifest } = openSlice(built.bytes);
  return { module, artifact: manifest.artifact, wrappers: await findWrappers() };
}

/** Starts one instance. */
export function startInstance({ module, artifact, wrappers }: Bed, tier: BenchTier): Started {
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<string>();
  const gateway = new MessageChannel();
  const resources = new MessageChannel();
  const limits = { startTimeoutMs: 120_000, stopTimeoutMs: 30_000 };
  const events = {
    onReady: () => ready.resolve(),
    onEnd: (reason: string, problem: { readonly detail: string } | undefined) => {
      gateway.port1.close();
      resources.port1.close();
      ready.reject(new Error(`It ended: ${reason} ${problem?.detail}`));
      ended.resolve(reason);
    },
  };
  ready.promise.catch(() => {});
  const base = { instance: "n1/echo/1", artifact, module, permissions: {} };
  const ports = { gateway: gateway.port2, resources: resources.port2 };
  if (tier === "worker") {
    const watch = watchLimits(heapMb, 60_000, false);
    const instance = new WorkerInstance({ ...base, ...ports, ...limits, ...events, watch });
    return { instance, pid: undefined, ready: ready.promise, ended: ended.promise };
  }
  const launch = launchOf({
    granted: {},
    heapMb,
    deniedHosts: [],
    auditFile: undefined,
    wrappers,
    ownEnv: Deno.env.toObject(),
  });
  const spec = {
    ...base,
    ...limits,
    heapMb,
    hungTimeoutMs: 60_000,
    deniedHosts: [],
    auditMax: undefined,
  };
  const instance = new SliceProcess({ spec, launch, ...ports, ...events });
  return { instance, pid: instance.pid, ready: ready.promise, ended: ended.promise };
}

/** What a process holds. */
export interface Holdings {
  readonly rssMb: number;
  readonly threads: number;
  readonly files: number;
}

/** Counts what a process holds now. */
export function holdings(pid: number | "self"): Holdings {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return {
    rssMb: Math.round(number("VmRSS") / 102.4) / 10,
    threads: number("Threads"),
    files: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
  };
}

/** Memory of a process: its share of what is mapped, and what is its own. */
export function processMemory(pid: number): { readonly pssMb: number; readonly privateMb: number } {
  const text = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
  const number = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? NaN) / 1024;
  return {
    pssMb: number("Pss"),
    privateMb: number("Private_Clean") + number("Private_Dirty"),
  };
}
