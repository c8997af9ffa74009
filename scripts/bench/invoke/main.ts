/**
 * `deno task bench invoke`: calls between slices on one node and on two, beside NATS request-reply
 * through a server on the same machine, in interleaved rounds of the same run.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { withFolder } from "../child.ts";
import { wholeNumber } from "../http.ts";
import { readCpu, ticksPerSecond } from "../proc.ts";
import { quotients, rounded, spreadOf } from "../statistics.ts";
import { checkTools, environment } from "../tools.ts";
import type { LoopResult } from "./loop.ts";
import { startAether, startNats, type Subject } from "./measure.ts";

const sizes = [64, 4096] as const;
const counts = [1, 32, 256] as const;

interface Measured {
  readonly subject: Subject["name"];
  readonly bytes: number;
  readonly inFlight: number;
  readonly round: number;
  readonly result: LoopResult;
  readonly cpuPerCallUs: number;
}

/** Runs the benchmark; resolves to the exit code. */
export async function benchInvoke(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      duration: { type: "string", default: "2" },
      rounds: { type: "string", default: "3" },
      binary: { type: "string" },
      only: { type: "string" },
      install: { type: "boolean", default: false },
    },
  });
  const seconds = wholeNumber("duration", values.duration, 20);
  const rounds = wholeNumber("rounds", values.rounds, 100);
  const names = (values.only ?? "same-node,cross-node,nats").split(",");
  if (names.includes("nats")) await checkTools(["nats-server"], values.install);
  const measured = await withFolder(async (folder) => {
    await using stack = new AsyncDisposableStack();
    const options = { folder, ...(values.binary ? { binary: resolve(values.binary) } : {}) };
    const subjects: Subject[] = [];
    for (const name of ["same-node", "cross-node"] as const) {
      if (names.includes(name)) subjects.push(await startAether(name, options, stack));
    }
    if (names.includes("nats")) subjects.push(await startNats(stack));
    return await measureAll(subjects, rounds, seconds * 1_000);
  });
  const facts = { kind: "environment", bench: "invoke", seconds, rounds, ...await environment() };
  for (const line of [facts, ...report(measured)]) console.log(JSON.stringify(line));
  const failed = measured.reduce((sum, { result }) => sum + result.failed, 0);
  if (failed > 0) console.error(`${failed} calls failed: the figures are not valid`);
  return failed > 0 ? 1 : 0;
}

async function measureAll(
  subjects: readonly Subject[],
  rounds: number,
  durationMs: number,
): Promise<Measured[]> {
  const ticks = await ticksPerSecond();
  const measured: Measured[] = [];
  const warmUp = { bytes: 64, inFlight: 32, durationMs: 1_500 };
  for (const subject of subjects) await subject.run(warmUp);
  for (let round = 0; round < rounds; round++) {
    console.error(`Round ${round + 1} of ${rounds}`);
    for (const bytes of sizes) {
      for (const inFlight of counts) {
        for (const { name, pids, run } of subjects) {
          const cpu = () => pids.reduce((sum, pid) => sum + readCpu(pid).process, 0);
          const before = cpu();
          const result = await run({ bytes, inFlight, durationMs });
          const cpuPerCallUs = (cpu() - before) / ticks * 1e6 / result.calls;
          measured.push({ subject: name, bytes, inFlight, round, result, cpuPerCallUs });
        }
      }
    }
  }
  return measured;
}

/** One line for each subject, size and number of calls under way, with ratios to NATS. */
function report(measured: readonly Measured[]): unknown[] {
  const lines: unknown[] = [];
  const keyOf = ({ subject, bytes, inFlight }: Measured) => `${subject}/${bytes}/${inFlight}`;
  const groups = Map.groupBy(measured, keyOf);
  for (const group of groups.values()) {
    const [first] = group;
    if (first === undefined) continue;
    const { subject, bytes, inFlight } = first;
    const rate = ({ result }: Measured) => result.calls / result.seconds;
    const p50 = ({ result }: Measured) => result.p50Us;
    const nats = groups.get(`nats/${bytes}/${inFlight}`);
    const overNats = (of: (each: Measured) => number) =>
      nats === undefined || subject === "nats"
        ? undefined
        : rounded(spreadOf(quotients(group.map(of), nats.map(of))), 3);
    lines.push({
      kind: "calls",
      subject,
      bytes,
      inFlight,
      callsPerSecond: rounded(spreadOf(group.map(rate))),
      p50Us: rounded(spreadOf(group.map(p50))),
      p99Us: rounded(spreadOf(group.map(({ result }) => result.p99Us))),
      cpuPerCallUs: rounded(spreadOf(group.map(({ cpuPerCallUs }) => cpuPerCallUs)), 3),
      rateOverNats: overNats(rate),
      p50OverNats: overNats(p50),
    });
  }
  return lines;
}
