import assert from "node:assert/strict";
import { lintRules, slicePlugin } from "./plugin.ts";
import { type LintSample, type LintSamples, lintSamples } from "./samples.ts";

/** Names of the rules that a sample breaks, each once, in order. */
function broken({ file = "mod.ts", permissions, code }: LintSample): string[] {
  const plugin = slicePlugin(permissions === undefined ? undefined : { permissions });
  const found = Deno.lint.runPlugin(plugin, `slices/s/${file}`, code);
  return [...new Set(found.map(({ id }) => id.replace("aether-slice/", "")))];
}

/** Lines that break rules, as `rule:line`. */
function lint(code: string, sample: Partial<LintSample> = {}): string[] {
  const { file = "mod.ts", permissions } = sample;
  const plugin = slicePlugin(permissions === undefined ? undefined : { permissions });
  return Deno.lint.runPlugin(plugin, `slices/s/${file}`, code).map(({ id, range }) =>
    `${id.replace("aether-slice/", "")}:${code.slice(0, range[0]).split("\n").length}`
  ).sort();
}

function samplesOf(rule: string): LintSamples {
  return lintSamples[rule] ?? assert.fail(`${rule} has no samples`);
}

for (const rule of lintRules) {
  Deno.test(`${rule.name} reports its bad sample and accepts its good one`, () => {
    const { bad, good } = samplesOf(rule.name);
    assert.deepEqual(broken(bad), [rule.name]);
    assert.deepEqual(broken(good), []);
    assert.match(rule.summary, /^[A-Z].*\.$/);
    assert.match(rule.reason, /^[A-Z].*\.$/s);
  });
}

Deno.test("every finding says what to do", () => {
  for (const { bad } of Object.values(lintSamples)) {
    const plugin = slicePlugin(bad.permissions && { permissions: bad.permissions });
    for (const { hint } of Deno.lint.runPlugin(plugin, `s/${bad.file ?? "mod.ts"}`, bad.code)) {
      assert.match(hint ?? "", /^[A-Z].{10}/);
    }
  }
});

Deno.test("no-floating-promises knows handles, async functions and chains", () => {
  const code = `async function work() {}
const other = async () => {};
export default slice(c, { create: (needs, { log }) => ({ m: async () => {
  needs.store.put("a", 1);
  work();
  other();
  fetch("x");
  Promise.all([]);
  a().then(b);
  a().finally(b);
  a().then(b, c);
  [].forEach(async (each) => { await each; });
  log.info("x");
  needs.limits.onChange(() => {});
  void work();
  plain();
  await needs.store.put("a", 1);
} }) });`;
  const lines = [4, 5, 6, 7, 8, 9, 10, 12].map((line) => `no-floating-promises:${line}`);
  assert.deepEqual(lint(code), lines.sort());
});

Deno.test("no-top-level-effects reports what runs, not what is declared", () => {
  const code = `import { a } from "./a.ts";
const b = await a();
a();
if (b) a();
const c = Deno.env.get("C");
const d = new Date();
const e = new Date("2026-01-01T00:00:00Z");
const f = () => Date.now();
class G { h = Date.now(); }
const i = z.object({ a: z.string() });
export const j = new Map([[1, crypto.randomUUID()]]);
export { f, c, d, e, G, i };`;
  const lines = [11, 2, 3, 4, 5, 6].map((line) => `no-top-level-effects:${line}`);
  assert.deepEqual(lint(code), lines.sort());
});

Deno.test("permission-missing compares hosts, variables and kinds with slice.toml", () => {
  const code = `const f = async () => {
  await fetch("https://api.example.com/a");
  await fetch("https://other.example.com/a");
  await fetch(url);
  Deno.env.get("A");
  Deno.env.get("B");
  await Deno.readTextFile("a");
  new Deno.Command("ls");
  Deno.inspect({});
};`;
  const permissions = { net: ["api.example.com"], env: ["A"] };
  const lines = [3, 6, 7, 8].map((line) => `permission-missing:${line}`);
  assert.deepEqual(lint(code, { permissions }), lines);
  assert.deepEqual(lint(code), [], "without slice.toml nothing is known");
});

Deno.test("contract-file wants an export", () => {
  const text = 'contract("org.example:a", {})';
  assert.deepEqual(lint(`const a = ${text};`, { file: "contract.ts" }), ["contract-file:1"]);
  assert.deepEqual(lint(`export const a = ${text};`, { file: "contract.ts" }), []);
  assert.deepEqual(lint(`const a = ${text};`, { file: "mod_test.ts" }), []);
});

Deno.test("tests may throw, print and run at their top level", () => {
  const code = 'let n = 0;\nn++;\nthrow new Error("x");\nconsole.log(Deno.env.get("A"));';
  assert.deepEqual(lint(code, { file: "mod_test.ts", permissions: {} }), []);
});
