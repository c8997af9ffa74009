/**
 * The programs that benchmarks borrow from the system, and the facts about this machine.
 *
 * @module
 */
import { capture, run } from "../lib/process.ts";

/** How to see whether a Debian package is there. */
const signs = {
  nginx: "command -v nginx",
  wrk: "command -v wrk",
  "nats-server": "command -v nats-server",
  "redis-server": "command -v redis-server",
  "etcd-server": "command -v etcd",
  "golang-go": "command -v go",
  "golang-etcd-server-dev": "test -d /usr/share/gocode/src/go.etcd.io/etcd/clientv3",
};
/** Name of a Debian package. */
export type Tool = keyof typeof signs;

/**
 * Makes sure that the tools are there, by apt-get when `install` says so.
 *
 * @throws {Error} with the command that installs what is missing.
 */
export async function checkTools(tools: readonly Tool[], install: boolean): Promise<void> {
  const missing = await missingOf(tools);
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (!install) {
    throw new Error(
      `There is no ${missing.join(" and no ")} here: run \`${command}\` or --install`,
    );
  }
  const [program = "", ...args] = command.split(" ");
  // Standard output is for results.
  await run("sh", ["-c", `${[program, ...args].join(" ")} >&2`]);
  const still = await missingOf(tools);
  if (still.length > 0) throw new Error(`\`${command}\` did not install ${still.join(" and ")}`);
}

async function missingOf(tools: readonly Tool[]): Promise<Tool[]> {
  const missing: Tool[] = [];
  for (const tool of tools) {
    if (await capture("sh", ["-c", signs[tool]]) === undefined) missing.push(tool);
  }
  return missing;
}

/** What figures depend on. */
export interface Environment {
  readonly cpus: number;
  readonly cpuModel: string;
  readonly kernel: string;
  readonly deno: string;
  readonly nginx: string;
  readonly at: string;
}

/** Facts about this machine and the programs on it. */
export async function environment(): Promise<Environment> {
  const cpuinfo = await Deno.readTextFile("/proc/cpuinfo");
  return {
    cpus: navigator.hardwareConcurrency,
    cpuModel: /^model name\s*:\s*(.+)$/m.exec(cpuinfo)?.[1] ?? "unknown",
    kernel: Deno.osRelease(),
    deno: Deno.version.deno,
    nginx: /\/([\d.]+)/.exec(await capture("sh", ["-c", "nginx -v 2>&1"]) ?? "")?.[1] ?? "none",
    at: new Date().toISOString(),
  };
}
