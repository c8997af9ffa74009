/**
 * `sh scripts/test [unit|tests|sim|dht|e2e|fuzz]...`: runs the suites, all by default.
 *
 * `unit` are the tests beside the sources, `tests` those of whole subsystems, `sim` and `dht`
 * simulate clusters of consensus and of the DHT under seeds that nobody has run before, `e2e` are
 * the tests that run the real executable, which is built first, and `fuzz` sends it broken input
 * for a few seconds. The output ends with what failed or was skipped and why, and with the line
 * `N passed, N failed, N skipped`; the exit code is 0 only when something ran, nothing failed and
 * nothing was skipped.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { closingLine, noTotals, oneFailure, sumTotals, type Totals } from "./lib/junit.ts";
import { run } from "./lib/process.ts";
import { runSuite } from "./lib/suite.ts";

/** Files with tests, or a program that counts as one test. */
type SuiteKind =
  | { readonly paths: readonly string[]; readonly parallel: boolean }
  | { readonly program: string; readonly args: readonly string[] };

const suites: Readonly<Record<string, SuiteKind>> = {
  unit: { paths: ["src", "cli", "slices", "scripts"], parallel: true },
  tests: { paths: ["tests"], parallel: false },
  sim: {
    program: "tests/simulation/main.ts",
    args: ["--fresh", "--minutes", "2", "--jobs", String(navigator.hardwareConcurrency)],
  },
  dht: {
    program: "tests/simulation/main.ts",
    args: ["dht", "--fresh", "--minutes", "0.3", "--jobs", String(navigator.hardwareConcurrency)],
  },
  e2e: { paths: ["e2e"], parallel: false },
  fuzz: {
    program: "tests/fuzz/main.ts",
    args: ["--frames", "150000", "--tcp", "6000", "--bodies", "8000"],
  },
};
/** Suites that run the executable. */
const needExecutable: ReadonlySet<string> = new Set(["e2e", "fuzz"]);

/** Runs the named suites of the checkout at `root` and returns the process's exit code. */
export async function runTests(root: string, names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !(name in suites));
  if (unknown.length > 0) {
    console.error(
      `There is no suite '${unknown.join("', '")}': use ${Object.keys(suites).join(", ")}`,
    );
    return 2;
  }
  const all: Totals[] = [];
  let isBuilt = false;
  for (const name of names.length > 0 ? names : Object.keys(suites)) {
    const suite = suites[name];
    if (suite === undefined) continue;
    const startedMs = performance.now();
    if (needExecutable.has(name) && !isBuilt) {
      isBuilt = await buildExecutable(root) === 0;
      if (!isBuilt) {
        all.push(oneFailure(`suite ${name}: the executable could not be built`));
        continue;
      }
    }
    const totals = "program" in suite
      ? await runProgram(root, suite.program, suite.args)
      : await runSuite({ name, root, ...suite });
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    console.log(`suite ${name}: ${closingLine(totals)} (${seconds} s)`);
    all.push(totals);
  }
  const totals = sumTotals(all);
  // Once more at the end, where people look first.
  for (const note of totals.notes) console.log(note);
  console.log(closingLine(totals));
  return totals.failed === 0 && totals.skipped === 0 && totals.passed > 0 ? 0 : 1;
}

async function runProgram(root: string, file: string, args: readonly string[]): Promise<Totals> {
  const code = await run(Deno.execPath(), ["run", "-A", "--no-prompt", file, ...args], root);
  if (code === 0) return { ...noTotals, passed: 1 };
  return oneFailure(`${file} ${args.join(" ")}: it ended with exit code ${code}`);
}

/** Always builds: it takes two seconds, and an old executable would be a lie about this tree. */
function buildExecutable(root: string): Promise<number> {
  const script = join(root, "scripts", "build.ts");
  return run(Deno.execPath(), ["run", "-A", "--no-prompt", script], root);
}

if (import.meta.main) {
  Deno.exit(await runTests(fileURLToPath(new URL("..", import.meta.url)), Deno.args));
}
