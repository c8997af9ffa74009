/**
 * Runs seeds in several processes at once: one core runs one simulation.
 *
 * Process i takes every n-th seed from the i-th on, so together they run the same seeds as one
 * process would.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { SeedsResult } from "./seeds.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

/** What to run, and how many processes share it. */
export interface JobsOptions {
  /** Arguments that name the machine. */
  readonly words: readonly string[];
  readonly from: number;
  readonly jobs: number;
  readonly minutes: number;
  /** Further arguments of each process. */
  readonly args: readonly string[];
}

/** Runs them until the time is over or one of them has found a failing seed. */
export async function runJobs(options: JobsOptions): Promise<SeedsResult> {
  const { words, from, jobs, minutes, args } = options;
  const children = Array.from({ length: jobs }, (_, job) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", program, ...words, "--json"],
        ...["--from", String(from + job), "--step", String(jobs), "--minutes", String(minutes)],
        ...args,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn());
  const finished = await Promise.all(children.map(async (child) => {
    const result = readResult(new TextDecoder().decode((await child.output()).stdout));
    // One is enough: the others would only delay the news.
    if (result?.failing !== undefined) { for (const other of children) stop(other); }
    return result;
  }));
  const results = finished.filter((result) => result !== undefined);
  const failing = results.find((result) => result.failing !== undefined)?.failing;
  if (failing === undefined && results.length < jobs) throw new Error("A simulation has crashed");
  const sum = (pick: (result: SeedsResult) => number) =>
    results.reduce((total, result) => total + pick(result), 0);
  return {
    seeds: sum(({ seeds }) => seeds),
    events: sum(({ events }) => events),
    operations: sum(({ operations }) => operations),
    slots: sum(({ slots }) => slots),
    failing,
  };
}

/** What a process printed at its end; undefined when it was stopped before. */
function readResult(text: string): SeedsResult | undefined {
  return text === "" ? undefined : JSON.parse(text) as SeedsResult;
}

function stop(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
