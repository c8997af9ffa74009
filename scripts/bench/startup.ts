/**
 * `deno task bench startup`: how long a single node takes to its first answers, and what it needs
 * of memory when idle.
 *
 * @module
 */
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Aether } from "./aether_node.ts";
import { withFolder } from "./child.ts";
import { markdownTable, text } from "./http_report.ts";
import { wholeNumber } from "./http.ts";
import { type Memory, readMemory } from "./proc.ts";
import { rounded, type Spread, spreadOf } from "./statistics.ts";
import { environment } from "./tools.ts";

const idleMs = 2_000;
const defaultBinary = fileURLToPath(new URL("../../dist/aether", import.meta.url));

/** In which form the node runs. */
type StartForm = "source" | "binary";

/** One start of a node. */
interface StartResult extends Memory {
  /** From the start of the process to the first answer of /health/live. */
  readonly managementMs: number;
  /** From the start of the process to the first answer of the slice. */
  readonly appMs: number;
}

interface StartLine {
  readonly kind: "startup";
  readonly form: StartForm;
  /** Whether the executable had to unpack itself first. */
  readonly cache: "warm" | "cold";
  readonly runs: number;
  readonly managementMs: Spread;
  readonly appMs: Spread;
  readonly rssMb: Spread;
  readonly privateDirtyMb: Spread;
}

/** Runs the benchmark; resolves to the exit code. */
export async function benchStartup(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: "string", default: "5" },
      binary: { type: "string" },
      markdown: { type: "boolean", default: false },
    },
  });
  const rounds = wholeNumber("rounds", values.rounds, 100);
  const binary = await findBinary(values.binary);
  const lines = await measureAll(rounds, binary);
  const facts = { kind: "environment", bench: "startup", rounds, ...await environment() };
  if (values.markdown) console.log(startupMarkdown(lines));
  else for (const line of [facts, ...lines]) console.log(JSON.stringify(line));
  return 0;
}

/** The executable that was asked for, or the built one when it is there. */
async function findBinary(given: string | undefined): Promise<string | undefined> {
  const path = resolve(given ?? defaultBinary);
  const found = await Deno.stat(path).then(({ isFile }) => isFile, () => false);
  if (found) return path;
  if (given !== undefined) throw new Error(`There is no executable ${path}: deno task build`);
  console.error(`There is no ${path}, so only the source form is measured: deno task build`);
  return undefined;
}

function measureAll(rounds: number, binary: string | undefined): Promise<StartLine[]> {
  return withFolder(async (folder) => {
    const nodes = new Map<StartForm, Aether>([["source", await prepare(folder, "source")]]);
    if (binary !== undefined) nodes.set("binary", await prepare(folder, "binary", binary));
    const results = new Map<StartForm, StartResult[]>();
    for (let round = 0; round <= rounds; round++) {
      console.error(round === 0 ? "Warm-up" : `Round ${round} of ${rounds}`);
      for (const [form, node] of nodes) {
        const result = await measure(node);
        if (round > 0) results.set(form, [...results.get(form) ?? [], result]);
      }
    }
    const lines = [...results].map(([form, runs]) => lineOf(form, "warm", runs));
    const packed = nodes.get("binary");
    if (packed === undefined) return lines;
    packed.emptyCache();
    return [...lines, lineOf("binary", "cold", [await measure(packed)])];
  });
}

/** A node whose data has the echo slice deployed. */
async function prepare(folder: string, form: StartForm, binary?: string): Promise<Aether> {
  const own = join(folder, form);
  await Deno.mkdir(own);
  const aether = new Aether({ folder: own, ...(binary === undefined ? {} : { binary }) });
  await using server = aether.start();
  await server.answers(aether.liveUrl);
  await aether.deployEcho();
  return aether;
}

async function measure(aether: Aether): Promise<StartResult> {
  await using server = aether.start();
  const [managementMs, appMs] = await Promise.all([
    server.answers(aether.liveUrl),
    server.answers(`${aether.appUrl}/echo/hello`),
  ]);
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  return { managementMs, appMs, ...readMemory(server.pid) };
}

function lineOf(form: StartForm, cache: "warm" | "cold", runs: readonly StartResult[]): StartLine {
  const spread = (name: keyof StartResult) => rounded(spreadOf(runs.map((run) => run[name])));
  return {
    kind: "startup",
    form,
    cache,
    runs: runs.length,
    managementMs: spread("managementMs"),
    appMs: spread("appMs"),
    rssMb: spread("rssMb"),
    privateDirtyMb: spread("privateDirtyMb"),
  };
}

function startupMarkdown(lines: readonly StartLine[]): string {
  const rows = lines.map((line) => [
    ...[line.form, line.cache, `${line.runs}`, text(line.managementMs), text(line.appMs)],
    ...[text(line.rssMb), text(line.privateDirtyMb)],
  ]);
  const head = ["form", "cache", "runs", "management ms", "application ms"];
  return markdownTable([...head, "RSS MB", "private dirty MB"], rows);
}
