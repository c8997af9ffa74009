/**
 * `deno task bench consensus`: writes and linearizable reads of clusters of real processes through
 * the public API, beside etcd with its own client, in interleaved measurements of the same run.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { withFolder } from "../child.ts";
import { wholeNumber } from "../http.ts";
import { readCpu, readMemory, ticksPerSecond } from "../proc.ts";
import { checkTools, environment } from "../tools.ts";
import { type Mode, type RunningCluster, startAether, startEtcd } from "./clusters.ts";
import { buildDriver, type ClientKind, load, type Operation } from "./driver.ts";
import { type Measurement, type Reach, reportLines } from "./report.ts";

const warmUp = { clients: 64, seconds: 2 } as const;
const reaches: readonly Reach[] = ["all nodes", "one node"];

interface Plan {
  readonly sizes: readonly number[];
  readonly modes: readonly Mode[];
  readonly operations: readonly Operation[];
  readonly clientCounts: readonly number[];
  readonly seconds: number;
  readonly rounds: number;
  /** Whether a cluster with mutual TLS between its nodes is measured too. */
  readonly hasTls: boolean;
  readonly binary?: string;
}

/** Runs the benchmark; resolves to the exit code. */
export async function benchConsensus(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      nodes: { type: "string", default: "3,5" },
      modes: { type: "string", default: "memory,durable" },
      operations: { type: "string", default: "put,get" },
      clients: { type: "string", default: "1,16,64,256" },
      duration: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
      tls: { type: "boolean", default: false },
      binary: { type: "string" },
      install: { type: "boolean", default: false },
    },
  });
  const plan: Plan = {
    sizes: values.nodes.split(",").map((text) => wholeNumber("nodes", text, 9)),
    modes: values.modes.split(",").map((text) => oneOf("modes", text, ["memory", "durable"])),
    operations: values.operations.split(",").map((text) =>
      oneOf("operations", text, ["put", "get"])
    ),
    clientCounts: values.clients.split(",").map((text) => wholeNumber("clients", text, 10_000)),
    seconds: wholeNumber("duration", values.duration, 600),
    rounds: wholeNumber("rounds", values.rounds, 100),
    hasTls: values.tls,
    ...(values.binary === undefined ? {} : { binary: resolve(values.binary) }),
  };
  await checkTools(["etcd-server", "golang-go", "golang-etcd-server-dev"], values.install);
  const facts = { kind: "environment", bench: "consensus", ...await environment() };
  console.log(JSON.stringify(facts));
  const measurements = await measureAll(plan);
  for (const line of reportLines(measurements)) console.log(JSON.stringify(line));
  const failed = measurements.reduce((sum, { load }) => sum + load.failed, 0);
  if (failed > 0) console.error(`${failed} operations failed: the figures are not valid`);
  return failed > 0 ? 1 : 0;
}

/** Reads an option that is one of some words; throws RangeError when it is not. */
function oneOf<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text);
  if (found !== undefined) return found;
  throw new RangeError(`--${name} holds "${text}": give ${words.join(" or ")}`);
}

function measureAll(plan: Plan): Promise<Measurement[]> {
  return withFolder(async (folder) => {
    const program = await buildDriver(folder);
    const measurements: Measurement[] = [];
    for (const nodes of plan.sizes) {
      for (const mode of plan.modes) {
        const place = await Deno.makeTempDir({ dir: folder });
        await using stack = new AsyncDisposableStack();
        const { binary } = plan;
        const options = { nodes, mode, folder: place, ...(binary === undefined ? {} : { binary }) };
        const clusters = [await startEtcd(options, stack), await startAether(options, stack)];
        if (plan.hasTls) clusters.push(await startAether({ ...options, isTls: true }, stack));
        const runner = new Runner(program, clusters, { nodes, mode }, await ticksPerSecond());
        await runner.warmUp();
        for (let round = 0; round < plan.rounds; round++) {
          console.error(`${nodes} nodes, ${mode}, round ${round + 1} of ${plan.rounds}`);
          measurements.push(...await runner.round(plan, round));
        }
      }
    }
    return measurements;
  });
}

/** A load of one cluster. */
interface Load {
  readonly cluster: RunningCluster;
  readonly kind: ClientKind;
  readonly reach: Reach;
  readonly operation: Operation;
  readonly clients: number;
  readonly seconds: number;
}

/** Loads the clusters one after the other. */
class Runner {
  readonly #program: string;
  readonly #clusters: readonly RunningCluster[];
  readonly #conditions: { readonly nodes: number; readonly mode: Mode };
  readonly #ticksPerSecond: number;

  constructor(
    program: string,
    clusters: readonly RunningCluster[],
    conditions: { readonly nodes: number; readonly mode: Mode },
    ticksPerSecond: number,
  ) {
    this.#program = program;
    this.#clusters = clusters;
    this.#conditions = conditions;
    this.#ticksPerSecond = ticksPerSecond;
  }

  async warmUp(): Promise<void> {
    for (const { kinds, addresses } of this.#clusters) {
      for (const kind of kinds) {
        for (const operation of ["put", "get"] as const) {
          await load(this.#program, { kind, operation, addresses, ...warmUp });
        }
      }
    }
  }

  /** One measurement of every combination; those that are compared follow each other closely. */
  async round(plan: Plan, round: number): Promise<Measurement[]> {
    const { operations, clientCounts, seconds } = plan;
    const measurements: Measurement[] = [];
    for (const operation of operations) {
      for (const clients of clientCounts) {
        for (const reach of reaches) {
          for (const cluster of this.#clusters) {
            for (const kind of cluster.kinds) {
              const each = { cluster, kind, reach, operation, clients, seconds };
              measurements.push({ ...await this.#measure(each), round });
            }
          }
        }
      }
    }
    return measurements;
  }

  async #measure(options: Load): Promise<Omit<Measurement, "round">> {
    const { cluster, kind, reach, operation, clients, seconds } = options;
    const addresses = reach === "all nodes" ? cluster.addresses : cluster.addresses.slice(0, 1);
    const pids = cluster.processes.map(({ pid }) => pid);
    const ticks = () => pids.reduce((sum, pid) => sum + readCpu(pid).process, 0);
    const slotsBefore = await cluster.slots();
    const before = ticks();
    const result = await load(this.#program, { kind, operation, addresses, clients, seconds });
    const usedUs = (ticks() - before) / this.#ticksPerSecond * 1e6;
    const slotsAfter = await cluster.slots();
    return {
      system: cluster.system,
      ...this.#conditions,
      kind,
      reach,
      operation,
      clients,
      load: result,
      cpuPerOperationUs: usedUs / Math.max(1, result.total),
      rssMb: pids.map((pid) => readMemory(pid).rssMb),
      emptySlotShare: slotsBefore === undefined || slotsAfter === undefined
        ? undefined
        : (slotsAfter.empty - slotsBefore.empty) /
          Math.max(1, slotsAfter.decided - slotsBefore.decided),
    };
  }
}
