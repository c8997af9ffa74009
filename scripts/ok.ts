/**
 * `deno task ok`: everything a change must pass that takes seconds: format, lint, types, the rules
 * of the tree, and the tests beside the sources. Runs all steps, then says which failed.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { closingLine } from "./lib/junit.ts";
import { run } from "./lib/process.ts";
import { Steps } from "./lib/steps.ts";
import { runSuite, type Suite } from "./lib/suite.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

async function tests(suite: Omit<Suite, "root">): Promise<string> {
  const totals = await runSuite({ root, ...suite });
  if (totals.failed > 0 || totals.skipped > 0) throw new Error(closingLine(totals));
  return closingLine(totals);
}

function deno(args: readonly string[]): Promise<number> {
  return run(Deno.execPath(), args, root);
}

async function main(): Promise<number> {
  const steps = new Steps();
  await steps.run("fmt", () => deno(["fmt", "--check"]));
  await steps.run("lint", () => deno(["lint"]));
  await steps.run("check", () => deno(["check"]));
  // Has packages of its own, so its types are checked by the test that installs them.
  const containers = ["--config", "e2e/containers/deno.json", "e2e/containers"];
  await steps.run("fmt of containers", () => deno(["fmt", "--check", ...containers]));
  await steps.run("lint of containers", () => deno(["lint", ...containers]));
  await steps.run(
    "tidy",
    () => tests({ name: "tidy", paths: ["tests/tidy_test.ts"], parallel: false }),
  );
  await steps.run(
    "unit",
    () => tests({ name: "unit", paths: ["src", "cli", "slices", "scripts"], parallel: true }),
  );
  return steps.finish();
}

if (import.meta.main) Deno.exit(await main());
