/**
 * Runs `scripts/test.ts` as a program on small checkouts and reads its closing line.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const scripts = fileURLToPath(new URL(".", import.meta.url));
const programFiles = [
  "scripts/test.ts",
  "scripts/lib/junit.ts",
  "scripts/lib/process.ts",
  "scripts/lib/suite.ts",
  "src/base/text/xml.ts",
];

interface Outcome {
  readonly code: number;
  readonly lines: readonly string[];
}

/** Writes a checkout with the given test files and runs the given suites of it. */
async function runOn(files: Record<string, string>, ...suites: string[]): Promise<Outcome> {
  const root = await Deno.makeTempDir({ prefix: "aether-suite-" });
  try {
    for (const name of programFiles) {
      files[name] = await Deno.readTextFile(join(scripts, "..", name));
    }
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(root, name)), { recursive: true });
      await Deno.writeTextFile(join(root, name), text);
    }
    const output = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-config", join(root, "scripts/test.ts"), ...suites],
      stdin: "null",
    }).output();
    const stdout = new TextDecoder().decode(output.stdout);
    return { code: output.code, lines: stdout.trimEnd().split("\n") };
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const passing = 'Deno.test("fine", () => {});';

Deno.test("scripts/test passes when everything ran and passed", async () => {
  const { code, lines } = await runOn(
    { "src/a_test.ts": passing, "cli/b_test.ts": passing },
    "unit",
  );
  assert.equal(lines.at(-1), "2 passed, 0 failed, 0 skipped");
  assert.equal(code, 0);
});

Deno.test("scripts/test sums its suites and fails on a failure", async () => {
  const { code, lines } = await runOn(
    {
      "src/a_test.ts": `${passing} Deno.test("bad", () => { throw new Error("no"); });`,
      "tests/b_test.ts": passing,
    },
    "unit",
    "tests",
  );
  assert.equal(lines.at(-1), "2 passed, 1 failed, 0 skipped");
  assert.ok(lines.slice(-12).some((line) => /^FAILED .*a_test.ts bad$/.test(line)), `${lines}`);
  assert.equal(code, 1);
});

Deno.test("scripts/test fails on an ignored test and on an ignored step", async () => {
  const ignored = await runOn(
    { "src/a_test.ts": `${passing} Deno.test.ignore("later", () => {});` },
    "unit",
  );
  assert.equal(ignored.lines.at(-1), "1 passed, 0 failed, 1 skipped");
  assert.equal(ignored.code, 1);
  const step = `Deno.test("steps", async (t) => {
    await t.step({ name: "later", ignore: true, fn: () => {} });
  });`;
  const ignoredStep = await runOn({ "src/a_test.ts": step }, "unit");
  assert.equal(ignoredStep.lines.at(-1), "1 passed, 0 failed, 1 skipped");
  assert.equal(ignoredStep.code, 1);
});

Deno.test("scripts/test counts a module that throws while it loads as a failure", async () => {
  const { code, lines } = await runOn({
    "src/a_test.ts": passing,
    "src/b_test.ts": 'throw new Error("broken");',
  }, "unit");
  assert.equal(lines.at(-1), "1 passed, 1 failed, 0 skipped");
  assert.equal(code, 1);
});

Deno.test("scripts/test counts a runner that was killed as a failure", async () => {
  const killing = 'Deno.test("kills", () => Deno.kill(Deno.pid, "SIGKILL"));';
  const { code, lines } = await runOn({ "src/a_test.ts": passing + killing }, "unit");
  assert.equal(lines.at(-1), "0 passed, 1 failed, 0 skipped");
  assert.equal(code, 1);
});

Deno.test("scripts/test counts a leaked resource as a failure", async () => {
  const leak = 'Deno.test("leaks", () => { Deno.openSync(Deno.execPath()); });';
  const { code, lines } = await runOn({ "src/a_test.ts": leak }, "unit");
  assert.equal(lines.at(-1), "0 passed, 1 failed, 0 skipped");
  assert.equal(code, 1);
});

Deno.test("scripts/test fails when nothing ran", async () => {
  const empty = await runOn({ "src/a.ts": "export {};" }, "unit");
  assert.equal(empty.lines.at(-1), "0 passed, 1 failed, 0 skipped");
  assert.equal(empty.code, 1);
  const missing = await runOn({}, "tests");
  assert.equal(missing.lines.at(-1), "0 passed, 1 failed, 0 skipped");
  assert.equal(missing.code, 1);
});

Deno.test("scripts/test counts an executable that cannot be built as a failure", async () => {
  const { code, lines } = await runOn({ "e2e/a_test.ts": passing }, "e2e");
  assert.equal(lines.at(-1), "0 passed, 1 failed, 0 skipped");
  assert.equal(code, 1);
});

Deno.test("scripts/test refuses an unknown suite with exit code 2", async () => {
  const { code } = await runOn({ "src/a_test.ts": passing }, "unit", "typo");
  assert.equal(code, 2);
});
