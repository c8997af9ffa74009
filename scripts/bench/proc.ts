/**
 * What the Linux kernel knows about a process and about the whole machine: CPU time and memory.
 *
 * @module
 */
import { capture } from "../lib/process.ts";

/** CPU time of a process, of its children that have ended, and of the machine, in ticks. */
export interface CpuTicks {
  /** All threads of the process, user and system. */
  readonly process: number;
  /** The benchmark itself and its children that have ended. */
  readonly self: number;
  /** Everything that was not idle. */
  readonly machine: number;
}

/** Memory of a process in megabytes (10^6 bytes). */
export interface Memory {
  readonly rssMb: number;
  /** What ending the process would give back: pages that are its own and written. */
  readonly privateDirtyMb: number;
}

/** Clock ticks per second in /proc. */
export async function ticksPerSecond(): Promise<number> {
  return Number(await capture("getconf", ["CLK_TCK"]) ?? "100");
}

/** Fields of /proc/PID/stat after the name, which may itself hold blanks and brackets. */
function statOf(pid: number | "self"): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
}

/** CPU time so far; the difference of two calls is what a measurement cost. */
export function readCpu(pid: number): CpuTicks {
  const [utime = NaN, stime = NaN] = statOf(pid).slice(11);
  const own = statOf("self").slice(11, 15);
  const [total = ""] = Deno.readTextFileSync("/proc/stat").split("\n", 1);
  const [user = NaN, nice = NaN, system = NaN, , , irq = NaN, softirq = NaN, steal = NaN] = total
    .split(/\s+/).slice(1).map(Number);
  return {
    process: utime + stime,
    self: own.reduce((sum, value) => sum + value, 0),
    machine: user + nice + system + irq + softirq + steal,
  };
}

/** Memory of a process now. */
export function readMemory(pid: number): Memory {
  const field = (file: string, name: string) => {
    const text = Deno.readTextFileSync(`/proc/${pid}/${file}`);
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
    return Math.round(Number(kib) * 1024 / 1e5) / 10;
  };
  return {
    rssMb: field("status", "VmRSS"),
    privateDirtyMb: field("smaps_rollup", "Private_Dirty"),
  };
}
