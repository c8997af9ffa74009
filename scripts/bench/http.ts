/**
 * `deno task bench http`: requests per second, latency and CPU of the echo slice through a real
 * node, beside the servers of `peers.ts`, in interleaved rounds of the same run.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { withFolder } from "./child.ts";
import { type RunningServer, type ServerName, serverNames, startServer } from "./peers.ts";
import { type CpuTicks, readCpu, readMemory, ticksPerSecond } from "./proc.ts";
import { httpMarkdown, type Measurement, reportLines } from "./http_report.ts";
import { checkTools, environment } from "./tools.ts";
import { load, type Method, methods, writeScripts } from "./wrk.ts";

const connectionCounts = [1, 32] as const;
const warmUpSeconds = 3;
/** CPUs in other hands above which a measurement waits, as long as the budget lasts. */
const quietCpus = 0.2;
const quietBudgetMs = 60_000;
const quietSampleMs = 250;

interface HttpOptions {
  readonly seconds: number;
  readonly rounds: number;
  readonly binary?: string;
}

/** Runs the benchmark; resolves to the exit code. */
export async function benchHttp(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      duration: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
      binary: { type: "string" },
      install: { type: "boolean", default: false },
      markdown: { type: "boolean", default: false },
    },
  });
  const seconds = wholeNumber("duration", values.duration, 60);
  const rounds = wholeNumber("rounds", values.rounds, 100);
  await checkTools(["nginx", "wrk"], values.install);
  const measurements = await measureAll({
    seconds,
    rounds,
    ...(values.binary === undefined ? {} : { binary: resolve(values.binary) }),
  });
  const facts = { kind: "environment", bench: "http", seconds, rounds, ...await environment() };
  const lines = reportLines(measurements);
  if (values.markdown) console.log(httpMarkdown(lines));
  else for (const line of [facts, ...lines]) console.log(JSON.stringify(line));
  const errors = measurements.reduce((sum, { load }) => sum + load.errors, 0);
  if (errors > 0) console.error(`${errors} requests failed: the figures are not valid`);
  return errors > 0 ? 1 : 0;
}

/**
 * Reads an option that is a whole number from 1 to `max`.
 *
 * @throws {RangeError} when it is not; the message names the option.
 */
export function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new RangeError(`--${name} is "${text}": give a whole number from 1 to ${max}`);
}

function measureAll({ seconds, rounds, binary }: HttpOptions): Promise<Measurement[]> {
  return withFolder(async (folder) => {
    await using stack = new AsyncDisposableStack();
    await writeScripts(folder);
    const options = { folder, ...(binary === undefined ? {} : { binary }) };
    const servers = new Map<ServerName, RunningServer>();
    for (const name of serverNames) servers.set(name, await startServer(name, options, stack));
    const runner = new Runner([...servers.values()], folder, await ticksPerSecond());
    await runner.warmUp();
    const measurements: Measurement[] = [];
    for (let round = 0; round < rounds; round++) {
      console.error(`Round ${round + 1} of ${rounds}`);
      measurements.push(...await runner.round(round, seconds));
    }
    return measurements;
  });
}

/** Loads the servers one after the other. */
class Runner {
  readonly #servers: readonly RunningServer[];
  readonly #folder: string;
  readonly #ticksPerSecond: number;
  #quietBudgetMs = quietBudgetMs;

  constructor(servers: readonly RunningServer[], folder: string, ticksPerSecond: number) {
    this.#servers = servers;
    this.#folder = folder;
    this.#ticksPerSecond = ticksPerSecond;
  }

  async warmUp(): Promise<void> {
    for (const server of this.#servers) {
      for (const method of methods) {
        const { url } = server;
        const connections = Math.max(...connectionCounts);
        await load({ url, method, connections, seconds: warmUpSeconds, folder: this.#folder });
      }
    }
  }

  /** One measurement of every combination; servers that are compared follow each other closely. */
  async round(round: number, seconds: number): Promise<Measurement[]> {
    const measurements: Measurement[] = [];
    // Another order in every round, so that no server always follows the same other one.
    const start = round % this.#servers.length;
    const servers = [...this.#servers.slice(start), ...this.#servers.slice(0, start)];
    for (const connections of connectionCounts) {
      for (const method of methods) {
        for (const server of servers) {
          measurements.push(await this.#measure(server, { method, connections, seconds, round }));
        }
      }
    }
    return measurements;
  }

  async #measure(
    server: RunningServer,
    options: { method: Method; connections: number; seconds: number; round: number },
  ): Promise<Measurement> {
    const { method, connections, seconds, round } = options;
    const { pids } = server;
    await this.#waitForQuiet();
    const before = pids.map(readCpu);
    const startedMs = performance.now();
    const { url } = server;
    const result = await load({ url, method, connections, seconds, folder: this.#folder });
    const elapsedSeconds = (performance.now() - startedMs) / 1000;
    const usedBy = pids.map(readCpu).map((after, index) => {
      const at = before[index] ?? after;
      const used = (name: keyof CpuTicks) => (after[name] - at[name]) / this.#ticksPerSecond;
      return { process: used("process"), self: used("self"), machine: used("machine") };
    });
    const processSeconds = usedBy.reduce((sum, { process }) => sum + process, 0);
    const { self = 0, machine = 0 } = usedBy[0] ?? {};
    return {
      server: server.name,
      method,
      connections,
      round,
      load: result,
      cpuPerRequestUs: processSeconds * 1e6 / result.requests,
      foreignCpus: Math.max(0, machine - processSeconds - self) / elapsedSeconds,
      rssMb: pids.reduce((sum, pid) => sum + readMemory(pid).rssMb, 0),
    };
  }

  /** Other programs spoil figures; all measurements together wait for a minute at most. */
  async #waitForQuiet(): Promise<void> {
    while (this.#quietBudgetMs > 0) {
      const before = readCpu(Deno.pid);
      await new Promise((resolve) => setTimeout(resolve, quietSampleMs));
      const after = readCpu(Deno.pid);
      const ticks = after.machine - before.machine - (after.self - before.self);
      if (ticks / this.#ticksPerSecond < quietCpus * quietSampleMs / 1000) return;
      this.#quietBudgetMs -= quietSampleMs;
    }
  }
}
