/**
 * `deno task bench sweep`: writes of clusters in memory while one thing changes: how many nodes
 * there are, how many slots may be open, how many batches of a node are under way, and how many
 * commands a batch holds.
 *
 * All but the first are constants of the source, so that nobody can set them apart on two nodes:
 * each variant is a copy of the source in which one constant has another value.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { capture } from "../../lib/process.ts";
import { withFolder } from "../child.ts";
import { wholeNumber } from "../http.ts";
import { rounded, spreadOf } from "../statistics.ts";
import { checkTools, environment } from "../tools.ts";
import { startAether } from "./clusters.ts";
import { buildDriver, load } from "./driver.ts";
import { drawBars, type Panel } from "./bars.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** One thing that changes; the other values are those of the release. */
interface Axis {
  readonly name: string;
  readonly title: string;
  readonly values: readonly number[];
  /** Where the constant stands; without it, the number of nodes changes. */
  readonly constant?: { readonly file: string; readonly before: string };
}

const nodesOfRelease = 3;
const axes: readonly Axis[] = [
  { name: "nodes", title: "Nodes", values: [1, 3, 5, 7] },
  {
    name: "window",
    title: "Open slots (window)",
    values: [2, 4, 8, 16, 32, 64],
    constant: { file: "src/consensus/types.ts", before: "window: " },
  },
  {
    name: "batches",
    title: "Batches of a node under way",
    values: [1, 2, 4, 8],
    constant: { file: "src/node/cluster/proposals.ts", before: "const batchesMax = " },
  },
  {
    name: "commands",
    title: "Commands in a batch at most",
    values: [1, 4, 16, 64, 1_000],
    constant: { file: "src/node/cluster/proposals.ts", before: "const commandsMax = " },
  },
];

/** Runs the benchmark; resolves to the exit code. */
export async function benchSweep(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      clients: { type: "string", default: "64" },
      duration: { type: "string", default: "3" },
      rounds: { type: "string", default: "2" },
      only: { type: "string", default: axes.map(({ name }) => name).join(",") },
      svg: { type: "string" },
      install: { type: "boolean", default: false },
    },
  });
  const names = values.only.split(",");
  const unknown = names.filter((name) => !axes.some((axis) => axis.name === name));
  if (unknown.length > 0) throw new RangeError(`--only holds "${unknown}": see --help`);
  const plan = {
    axes: axes.filter(({ name }) => names.includes(name)),
    clients: wholeNumber("clients", values.clients, 10_000),
    seconds: wholeNumber("duration", values.duration, 600),
    rounds: wholeNumber("rounds", values.rounds, 100),
  };
  await checkTools(["golang-go", "golang-etcd-server-dev"], values.install);
  console.log(JSON.stringify({ kind: "environment", bench: "sweep", ...await environment() }));
  const panels = await measureAll(plan);
  if (values.svg !== undefined) {
    const title = `Writes per second, ${plan.clients} clients, memory; 3 nodes unless said`;
    await Deno.writeTextFile(values.svg, drawBars(title, panels));
  }
  return 0;
}

interface Plan {
  readonly axes: readonly Axis[];
  readonly clients: number;
  readonly seconds: number;
  readonly rounds: number;
}

interface Point {
  readonly axis: Axis;
  readonly value: number;
  readonly source: string;
  readonly perSecond: number[];
  readonly p50Ms: number[];
}

function measureAll(plan: Plan): Promise<Panel[]> {
  return withFolder(async (folder) => {
    const program = await buildDriver(folder);
    const points: Point[] = [];
    for (const axis of plan.axes) {
      for (const value of axis.values) {
        const source = join(folder, `${axis.name}-${value}`);
        await copySource(source, axis, value);
        points.push({ axis, value, source, perSecond: [], p50Ms: [] });
      }
    }
    for (let round = 0; round < plan.rounds; round++) {
      for (const point of points) {
        console.error(`round ${round + 1} of ${plan.rounds}: ${point.axis.name} ${point.value}`);
        await measure(program, point, plan);
      }
    }
    for (const { axis, value, perSecond, p50Ms } of points) {
      const line = { perSecond: rounded(spreadOf(perSecond)), p50Ms: rounded(spreadOf(p50Ms)) };
      console.log(JSON.stringify({ kind: "point", axis: axis.name, value, ...line }));
    }
    return plan.axes.map((axis) => ({
      title: axis.title,
      bars: points.filter((point) => point.axis === axis).map(({ value, perSecond }) => ({
        label: `${value}`,
        value: spreadOf(perSecond).median,
      })),
    }));
  });
}

async function measure(
  program: string,
  { axis, value, source, perSecond, p50Ms }: Point,
  { clients, seconds }: Plan,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const nodes = axis.constant === undefined ? value : nodesOfRelease;
  const options = { nodes, mode: "memory", folder: source, source } as const;
  const { addresses } = await startAether(options, stack);
  const each = { kind: "http1", operation: "put", addresses, clients } as const;
  await load(program, { ...each, seconds: 2 });
  const result = await load(program, { ...each, seconds });
  if (result.failed > 0) throw new Error(`${result.failed} writes failed: ${result.example}`);
  perSecond.push(result.perSecond);
  p50Ms.push(result.p50Ms);
}

/** Copies what the checkout tracks and changes the constant of the axis. */
async function copySource(to: string, axis: Axis, value: number): Promise<void> {
  const tracked = [
    "deno.json",
    "deno.lock",
    "main.ts",
    "mod.ts",
    "src",
    "cli",
    "slices",
    "scripts",
  ];
  const list = await capture("git", ["-C", root, "ls-files", "--", ...tracked]);
  if (list === undefined) throw new Error(`${root} is not a git checkout, so it cannot be copied`);
  for (const name of list.split("\n")) {
    await Deno.mkdir(dirname(join(to, name)), { recursive: true });
    await Deno.copyFile(join(root, name), join(to, name));
  }
  if (axis.constant === undefined) return;
  const { file, before } = axis.constant;
  const text = await Deno.readTextFile(join(to, file));
  const parts = text.split(new RegExp(`(?<=${before})[\\d_]+`));
  if (parts.length !== 2) throw new Error(`${file} does not have "${before}" once: mend sweep.ts`);
  await Deno.writeTextFile(join(to, file), parts.join(String(value)));
}
