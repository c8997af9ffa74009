import assert from "node:assert/strict";
import { describeSlice } from "../describe.ts";
import { attemptAll, dangers, moduleOf } from "../module_fixture_test.ts";

// harden() cannot be undone, so it is met where it runs: in the shell's worker.

async function attempt(attempts: Readonly<Record<string, string>>): Promise<[string, string][]> {
  const code = `throw new Error(JSON.stringify(await (${attemptAll(attempts)})()))`;
  const error = await describeSlice(moduleOf(code)).catch((thrown) => thrown);
  return Object.entries(JSON.parse(error.message.slice(error.message.indexOf("{"))));
}

Deno.test("harden() leaves nothing that ends or watches the whole process", async () => {
  const outcomes = await attempt(dangers);
  assert.equal(outcomes.length, Object.keys(dangers).length);
  for (const [name, outcome] of outcomes) {
    assert.match(outcome, /^(TypeError: )?NotCapable: .* is not available in a slice$/, name);
  }
});

Deno.test("harden() cannot be taken back", async () => {
  const outcomes = await attempt({
    "assign": '"use strict"; Deno.kill = () => {}',
    "define": 'Object.defineProperty(Deno, "kill", { value: () => {} })',
    "delete": '"use strict"; delete process.abort',
    "global": '"use strict"; globalThis.Worker = class {}',
  });
  for (const [name, outcome] of outcomes) assert.match(outcome, /^TypeError/, name);
});
