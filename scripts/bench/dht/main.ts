/**
 * `deno task bench dht`: puts and gets of the DHT, three replicas of every entry on three nodes,
 * beside one Redis without replicas, in interleaved rounds of the same run.
 *
 * `quorum` is a write that two of three databases have synced and a read that two of them agree on;
 * Redis beside it syncs each command. `cache` is one copy in memory, on another node most of the
 * time; Redis beside it has no disk.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ScopeName } from "../../../src/protocol/dht/scope.ts";
import { withFolder } from "../child.ts";
import { wholeNumber } from "../http.ts";
import { LineProcess } from "../invoke/line_process.ts";
import { closedLoop, type LoopResult } from "../invoke/loop.ts";
import { quotients, rounded, spreadOf } from "../statistics.ts";
import { checkTools, environment } from "../tools.ts";
import { Redis } from "./redis.ts";
import type { Run, Started, Told } from "./storage_process.ts";

const program = fileURLToPath(new URL("storage_process.ts", import.meta.url));
const keys = 10_000;
const valueBytes = 128;
const counts = [1, 32, 256] as const;
const operations = ["put", "get"] as const;
/** What is measured, and the Redis that it is compared with. */
const floors = { quorum: "redis-synced", cache: "redis-memory" } as const;

type Load = Pick<Run, "operation" | "inFlight" | "durationMs">;

interface Subject {
  readonly name: string;
  run(load: Load): Promise<LoopResult>;
}

interface Measured extends Load {
  readonly subject: string;
  readonly result: LoopResult;
}

/** Runs the benchmark; resolves to the exit code. */
export async function benchDht(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      duration: { type: "string", default: "2" },
      rounds: { type: "string", default: "3" },
      nodes: { type: "string", default: "3" },
      install: { type: "boolean", default: false },
    },
  });
  const seconds = wholeNumber("duration", values.duration, 20);
  const rounds = wholeNumber("rounds", values.rounds, 100);
  const nodes = wholeNumber("nodes", values.nodes, 9);
  await checkTools(["redis-server"], values.install);
  const measured = await withFolder(async (folder) => {
    await using stack = new AsyncDisposableStack();
    const subjects = [
      ...await startDht(folder, nodes, stack),
      await startRedis(folder, "synced", stack),
      await startRedis(folder, "memory", stack),
    ];
    return await measureAll(subjects, rounds, seconds * 1_000);
  });
  const [loadAverage = 0] = Deno.loadavg();
  const facts = { kind: "environment", bench: "dht", nodes, seconds, rounds, keys, valueBytes };
  console.log(JSON.stringify({ ...facts, loadAverage, ...await environment() }));
  for (const line of report(measured)) console.log(JSON.stringify(line));
  const failed = measured.reduce((sum, { result }) => sum + result.failed, 0);
  if (failed > 0) console.error(`${failed} operations failed: the figures are not valid`);
  return failed > 0 ? 1 : 0;
}

/** Nodes that know each other; the first of them runs the load, as one does for its slices. */
async function startDht(
  folder: string,
  nodes: number,
  stack: AsyncDisposableStack,
): Promise<Subject[]> {
  const ids = Array.from({ length: nodes }, (_, index) => `n${index + 1}`);
  const started = await Promise.all(ids.map(async (id) => {
    const process = stack.use(await LineProcess.start(program, [id, join(folder, id)]));
    return { id, process, ...JSON.parse(process.first) as Started };
  }));
  const view = {
    revision: 1,
    members: started.map(({ id, storage }) => ({ node: id, storage })),
    next: undefined,
    lost: [],
  };
  const members = started.map(({ id, address }) => ({ id, address, isAlive: true }));
  const topology = { revision: 1, cluster: "bench", members, view };
  for (const { process } of started) await tell(process, { type: "topology", topology });
  const [first] = started;
  if (first === undefined) return [];
  const scopes: Readonly<Record<keyof typeof floors, ScopeName>> = {
    quorum: "artifacts",
    cache: "cache",
  };
  return (["quorum", "cache"] as const).map((name) => ({
    name,
    run: (load) =>
      tell(first.process, { type: "run", run: { scope: scopes[name], keys, valueBytes, ...load } }),
  }));
}

async function tell(process: LineProcess, told: Told): Promise<LoopResult> {
  return JSON.parse(await process.ask(`${JSON.stringify(told)}\n`));
}

async function startRedis(
  folder: string,
  mode: "memory" | "synced",
  stack: AsyncDisposableStack,
): Promise<Subject> {
  const place = join(folder, `redis-${mode}`);
  await Deno.mkdir(place);
  const redis = stack.use(await Redis.start(place, mode));
  const value = "x".repeat(valueBytes);
  let turn = 0;
  return {
    name: `redis-${mode}`,
    run: ({ operation, inFlight, durationMs }) => {
      const one = () => {
        const key = `k${turn++ % keys}`;
        return operation === "put" ? redis.set(key, value) : redis.get(key);
      };
      return closedLoop(one, inFlight, durationMs);
    },
  };
}

async function measureAll(
  subjects: readonly Subject[],
  rounds: number,
  durationMs: number,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const subject of subjects) await fill(subject);
  for (let round = 0; round < rounds; round++) {
    console.error(`Round ${round + 1} of ${rounds}`);
    for (const operation of operations) {
      for (const inFlight of counts) {
        for (const subject of subjects) {
          const load = { operation, inFlight, durationMs };
          measured.push({ subject: subject.name, ...load, result: await subject.run(load) });
        }
      }
    }
  }
  return measured;
}

/** Every key is there before one is read, and the code is warm. */
async function fill(subject: Subject): Promise<void> {
  for (let put = 0; put < keys;) {
    const { calls } = await subject.run({ operation: "put", inFlight: 256, durationMs: 500 });
    put += calls;
  }
}

/** One line for each subject under each load, with ratios to its Redis. */
function report(measured: readonly Measured[]): unknown[] {
  const nameOf = (subject: string, { operation, inFlight }: Load) =>
    `${subject}/${operation}/${inFlight}`;
  const groups = Map.groupBy(measured, (each) => nameOf(each.subject, each));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { subject, operation, inFlight } = first;
    const floor = (floors as Readonly<Record<string, string>>)[subject];
    const peers = floor === undefined ? undefined : groups.get(nameOf(floor, first));
    const spread = (of: (each: Measured) => number) => rounded(spreadOf(group.map(of)));
    const over = (of: (each: Measured) => number) =>
      peers === undefined
        ? undefined
        : rounded(spreadOf(quotients(group.map(of), peers.map(of))), 3);
    return [{
      kind: "dht",
      subject,
      operation,
      inFlight,
      perSecond: spread(rateOf),
      p50Us: spread(({ result }) => result.p50Us),
      p99Us: spread(({ result }) => result.p99Us),
      floor,
      rateOverFloor: over(rateOf),
      p50OverFloor: over(({ result }) => result.p50Us),
    }];
  });
}

function rateOf({ result: { calls, failed, seconds } }: Measured): number {
  return (calls - failed) / seconds;
}
