/**
 * `deno task bench pubsub`: acknowledged publishes and the way of messages to their handler, of
 * topics on three nodes beside a JetStream with three replicas in files, in interleaved rounds of
 * the same run.
 *
 * JetStream syncs its files every two minutes unless told otherwise; `synced` syncs before it
 * acknowledges, `replicated` within a second.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { resolve } from "node:path";
import { withFolder } from "../child.ts";
import { wholeNumber } from "../http.ts";
import { quotients, rounded, spreadOf } from "../statistics.ts";
import { checkTools, environment } from "../tools.ts";
import { type Result, startAether, startJetStream, type Subject } from "./subjects.ts";

const bytes = 64;
const counts = [1, 64, 256] as const;
/** Lowest acceptable ratios of acknowledged publishes to JetStream's, at that many in flight. */
const goals = { inFlight: 64, replicated: 1, synced: 0.4 } as const;

interface Measured {
  readonly subject: Subject["name"];
  readonly inFlight: number;
  readonly result: Result;
}

/** Runs the benchmark; resolves to the exit code. */
export async function benchPubsub(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      duration: { type: "string", default: "3" },
      rounds: { type: "string", default: "3" },
      binary: { type: "string" },
      install: { type: "boolean", default: false },
    },
  });
  const seconds = wholeNumber("duration", values.duration, 20);
  const rounds = wholeNumber("rounds", values.rounds, 100);
  await checkTools(["nats-server"], values.install);
  const measured = await withFolder(async (folder) => {
    await using stack = new AsyncDisposableStack();
    const options = { folder, ...(values.binary ? { binary: resolve(values.binary) } : {}) };
    const subjects = [
      ...await startAether(options, stack),
      await startJetStream(options, stack),
    ];
    return await measureAll(subjects, rounds, seconds * 1_000);
  });
  const [loadAverage = 0] = Deno.loadavg();
  const facts = { kind: "environment", bench: "pubsub", seconds, rounds, bytes, loadAverage };
  console.log(JSON.stringify({ ...facts, ...await environment() }));
  for (const line of report(measured)) console.log(JSON.stringify(line));
  const failed = measured.reduce((sum, { result }) => sum + result.published.failed, 0);
  if (failed > 0) console.error(`${failed} publishes failed: the figures are not valid`);
  return failed > 0 ? 1 : 0;
}

async function measureAll(
  subjects: readonly Subject[],
  rounds: number,
  durationMs: number,
): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const subject of subjects) await subject.run({ bytes, inFlight: 64, durationMs: 2_000 });
  for (let round = 0; round < rounds; round++) {
    console.error(`Round ${round + 1} of ${rounds}`);
    for (const inFlight of counts) {
      for (const subject of subjects) {
        const result = await subject.run({ bytes, inFlight, durationMs });
        measured.push({ subject: subject.name, inFlight, result });
      }
    }
  }
  return measured;
}

/** One line for each subject and number of publishes under way, with ratios to JetStream. */
function report(measured: readonly Measured[]): unknown[] {
  const groups = Map.groupBy(measured, ({ subject, inFlight }) => `${subject}/${inFlight}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { subject, inFlight } = first;
    const peers = groups.get(`jetstream/${inFlight}`) ?? [];
    const over = (of: (each: Measured) => number) =>
      subject === "jetstream"
        ? undefined
        : rounded(spreadOf(quotients(group.map(of), peers.map(of))), 3);
    const rateOverJetStream = over(rateOf);
    const goal = subject === "jetstream" || inFlight !== goals.inFlight ? undefined : {
      wantedRateOverJetStream: goals[subject],
      met: (rateOverJetStream?.median ?? 0) >= goals[subject],
    };
    const spread = (of: (each: Measured) => number) => rounded(spreadOf(group.map(of)));
    return [{
      kind: "pubsub",
      subject,
      inFlight,
      publishesPerSecond: spread(rateOf),
      publishP50Us: spread(({ result }) => result.published.p50Us),
      publishP99Us: spread(({ result }) => result.published.p99Us),
      endToEndP50Us: spread(({ result }) => result.noted.p50Us),
      endToEndP99Us: spread(({ result }) => result.noted.p99Us),
      rateOverJetStream,
      endToEndP50OverJetStream: over(({ result }) => result.noted.p50Us),
      ...goal,
    }];
  });
}

function rateOf({ result: { published } }: Measured): number {
  return (published.calls - published.failed) / published.seconds;
}
