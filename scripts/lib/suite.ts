/**
 * Runs one suite of tests with `deno test` and counts what happened, crashes included.
 *
 * Called by `scripts/test.ts` and `scripts/ok.ts`.
 *
 * @module
 */

import { join } from "node:path";
import { countCases, oneFailure, sumTotals, type Totals } from "./junit.ts";
import { run } from "./process.ts";

/** A set of test files that run together. */
export interface Suite {
  readonly name: string;
  /** The checkout; the paths are relative to it. */
  readonly root: string;
  /** Files and folders with tests; folders that do not exist are left out. */
  readonly paths: readonly string[];
  /** Test files share nothing, so they may run side by side. */
  readonly parallel: boolean;
}

/**
 * Runs the suite with its output on this terminal.
 *
 * A suite that has no test, cannot be loaded, or ends without a report counts as one failure.
 */
export async function runSuite({ name, root, paths, parallel }: Suite): Promise<Totals> {
  const scratch = await Deno.makeTempDir({ prefix: "aether-test-" });
  try {
    const report = join(scratch, "report.xml");
    const code = await run(Deno.execPath(), [
      "test",
      "-A",
      "--no-prompt",
      "--sanitize-ops",
      "--sanitize-resources",
      `--junit-path=${report}`,
      ...(parallel ? ["--parallel"] : []),
      ...await existing(root, paths),
    ], root);
    const totals = countCases(await readReport(report));
    if (totals.passed + totals.failed + totals.skipped === 0) {
      return oneFailure(`suite ${name}: it ran no test`);
    }
    // Code outside of a test failed: deno reports it on the terminal but not in the report.
    if (code !== 0 && totals.failed === 0) {
      return sumTotals([totals, oneFailure(`suite ${name}: it ended with exit code ${code}`)]);
    }
    return totals;
  } finally {
    await Deno.remove(scratch, { recursive: true });
  }
}

/** The paths that exist; all of them when none does, so that deno names what is missing. */
async function existing(root: string, paths: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const info = await Deno.stat(join(root, path)).catch(() => undefined);
    if (info !== undefined) found.push(path);
  }
  return found.length > 0 ? found : paths;
}

async function readReport(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
