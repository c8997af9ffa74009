/**
 * Looks for the planted bugs: the proof that the simulator bites.
 *
 * Each bug is planted in a copy of the tree, and seeds are run there until one breaks a promise.
 * The numbers go into a table of the documentation, the seeds into a corpus.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PlantedBug } from "./bugs.ts";
import type { Machine, SeedsResult } from "../seeds.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
/** Parts of the tree that the simulator runs on. */
const parts = [
  "deno.json",
  "deno.lock",
  "scripts/lib",
  "src/base",
  "src/protocol",
  "src/consensus",
  "src/store",
  "src/dht",
  "tests/simulation",
  "tests/linearizability",
];
const minutesMax = 10;
const [begin, end] = ["<!-- planted bugs: begin -->", "<!-- planted bugs: end -->"];

/** How a search ended. */
interface Finding {
  readonly bug: PlantedBug;
  readonly result: SeedsResult;
}

/** Searches for all bugs, or those whose name contains a text; answers an exit code. */
export async function findPlantedBugs(
  machine: Machine,
  only: string | undefined,
): Promise<number> {
  const wanted = machine.bugs.filter(({ name }) => name.includes(only ?? ""));
  const findings: Finding[] = [];
  const directory = await Deno.makeTempDir({ prefix: "planted-" });
  try {
    for (const part of parts) await copy(join(root, part), join(directory, part));
    for (const bug of wanted) {
      const result = await search(directory, bug, machine.words);
      findings.push({ bug, result });
      console.log(describe({ bug, result }));
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  const missed = findings.filter(({ result }) => result.failing === undefined);
  if (missed.length === 0) await write(findings, machine);
  console.log(`${findings.length - missed.length} of ${findings.length} planted bugs found`);
  return missed.length === 0 ? 0 : 1;
}

function describe({ bug, result }: Finding): string {
  const { seeds, failing } = result;
  if (failing === undefined) return `MISSED  ${bug.name}: not in ${seeds} seeds`;
  const { checker, seed, detail } = failing;
  const [first] = detail.split("\n");
  return `found   ${bug.name}: seed ${seed} of ${bug.seedsMax}, ${checker}: ${first}`;
}

/** Plants a bug in a copy of the tree, runs seeds there, and takes the bug out again. */
async function search(
  directory: string,
  bug: PlantedBug,
  words: readonly string[],
): Promise<SeedsResult> {
  const originals = new Map<string, string>();
  for (const { file, find, replace } of bug.changes) {
    const path = join(directory, file);
    const text = await Deno.readTextFile(path);
    if (!originals.has(path)) originals.set(path, text);
    if (text.split(find).length !== 2) {
      throw new Error(`Bug "${bug.name}": its text is not exactly once in ${file}; correct it`);
    }
    await Deno.writeTextFile(path, text.replace(find, () => replace));
  }
  const args = ["run", "-A", "--no-check", "tests/simulation/main.ts", ...words, "--json"];
  args.push("--seeds", String(bug.seedsMax), "--minutes", String(minutesMax));
  const command = new Deno.Command(Deno.execPath(), { args, cwd: directory });
  const { stdout, stderr } = await command.output();
  for (const [path, text] of originals) await Deno.writeTextFile(path, text);
  const text = new TextDecoder().decode(stdout);
  if (text === "") throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(text) as SeedsResult;
}

async function copy(from: string, to: string): Promise<void> {
  const { isDirectory } = await Deno.stat(from);
  if (!isDirectory) {
    await Deno.mkdir(dirname(to), { recursive: true });
    return await Deno.copyFile(from, to);
  }
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) await copy(join(from, name), join(to, name));
}

/** Writes what was found into the table of the document and the corpus; the rest stays there. */
async function write(
  findings: readonly Finding[],
  { bugs, docsPath, corpusPath }: Machine,
): Promise<void> {
  const path = join(root, docsPath);
  const text = await Deno.readTextFile(path);
  const [before, rest] = text.split(begin);
  const [table, after] = rest?.split(end) ?? [];
  if (before === undefined || table === undefined || after === undefined) {
    throw new Error(`${docsPath} lacks the marks`);
  }
  const rows = new Map(table.split("\n").map((row) => [row.split("|")[1]?.trim(), row]));
  for (const { bug, result } of findings) {
    const { name, why, seedsMax } = bug;
    const cells = [name, why, result.failing?.checker, result.seeds, seedsMax];
    rows.set(name, `| ${cells.join(" | ")} |`);
  }
  const lines = [
    "| planted bug | what goes wrong | found by | seeds needed | allowed |",
    "|---|---|---|---:|---:|",
    ...bugs.flatMap(({ name }) => rows.get(name) ?? []),
  ].join("\n");
  await Deno.writeTextFile(path, `${before}${begin}\n\n${lines}\n\n${end}${after}`);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", path] }).output();
  await writeCorpus(findings, bugs, join(root, corpusPath));
}

async function writeCorpus(
  findings: readonly Finding[],
  bugs: readonly PlantedBug[],
  path: string,
): Promise<void> {
  const known: { seed: string | undefined; why: string }[] = JSON.parse(
    await Deno.readTextFile(path),
  );
  const seeds = new Map(known.map(({ seed, why }) => [why, seed]));
  for (const { bug, result } of findings) seeds.set(bug.name, result.failing?.seed);
  const corpus = bugs.filter(({ name }) => seeds.has(name))
    .map(({ name }) => ({ seed: seeds.get(name), why: name }));
  await Deno.writeTextFile(path, `${JSON.stringify(corpus, null, 2)}\n`);
}
