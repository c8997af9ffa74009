import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { describeSlice } from "./describe.ts";
import { attemptAll, intrusions, moduleOf, sliceOf } from "./module_fixture_test.ts";

const good = sliceOf("(input) => input");

/** Why a module is not described. */
async function refusal(code: string, timeoutMs?: number): Promise<string> {
  const options = timeoutMs === undefined ? {} : { timeoutMs };
  const error = await describeSlice(moduleOf(code), options).catch((thrown) => thrown);
  assert.ok(error instanceof AetherError, "It was described");
  assert.equal(error.name, "SLICE_INVALID");
  return error.message;
}

/** What comes of each attempt while the module loads. */
async function attempt(attempts: Readonly<Record<string, string>>): Promise<[string, string][]> {
  const code = `throw new Error(JSON.stringify(await (${attemptAll(attempts)})()))`;
  const message = await refusal(code);
  return Object.entries(JSON.parse(message.slice(message.indexOf("{"))));
}

Deno.test("describeSlice() describes a bundled slice", async () => {
  const description = await describeSlice(moduleOf(good));
  assert.equal(description.contract, "org.example:one");
  assert.deepEqual(description.methods["run"]?.http, { method: "POST", path: "/run", status: 200 });
  assert.deepEqual(description.resources, []);
});

Deno.test("describeSlice() says why a module does not load", async () => {
  assert.match(await refusal('throw new TypeError("No luck")'), /to load: TypeError: No luck$/);
  assert.match(await refusal("throw 5"), /failed to load: 5$/);
  assert.match(await refusal("const = 1"), /failed to load: .*SyntaxError/);
  assert.match(await refusal('import "./other.js"; export default 1'), /failed to load/);
});

Deno.test("describeSlice() wants a slice as the default export", async () => {
  const wrong = [
    "",
    "export const one = 1",
    "export default 1",
    'export default { kind: "slice" }',
  ];
  for (const code of wrong) assert.match(await refusal(code), /write `export default slice/);
});

Deno.test("describeSlice() says what cannot be described", async () => {
  const need = good.replace("create:", "needs: { links: 1 }, create:");
  assert.match(await refusal(need), /^Need "links" is neither/);
  const schema = good.replace("input: any", "input: 5");
  assert.match(await refusal(schema), /^The input of run has a schema/);
  const headers = good.replace("output: any", "output: any, headers: Array(33).fill('a')");
  assert.match(await refusal(headers), /describes itself wrongly/);
});

Deno.test("describeSlice() ends a module that never finishes loading", async () => {
  const waits = await refusal("await new Promise(() => {})", 300);
  assert.match(waits, /did not load within 300 ms: look for an endless top-level loop/);
  // It ends, because nothing can stop a thread that computes.
  const loops = await refusal("for (const end = Date.now() + 1500; Date.now() < end;);", 300);
  assert.match(loops, /did not load within 300 ms/);
});

Deno.test("describeSlice() reports what fails beside the load", async () => {
  const code = `${good}; queueMicrotask(() => { throw new Error("Aside") }); await 0;`;
  assert.match(await refusal(code), /failed while it loaded: .*Aside/);
  const rejected = `Promise.reject(new Error("Lost")); await new Promise(() => {});`;
  assert.match(await refusal(rejected), /failed while it loaded: .*Lost/);
});

Deno.test("describeSlice() gives a module no permission", async () => {
  for (const [name, outcome] of await attempt(intrusions)) {
    assert.match(outcome, /NotCapable|TypeError: Requires|EPERM|EACCES/, `${name}: ${outcome}`);
  }
});

Deno.test("describeSlice() is not confused by what a module posts", async () => {
  const posts = ["undefined", "null", "5", '"described"', "[]", "{}", '{ type: "failed" }'];
  const code = posts.map((post) => `postMessage(${post});`).join("\n");
  const description = await describeSlice(moduleOf(`${code}\nonmessage = null;\n${good}`));
  assert.equal(description.contract, "org.example:one");
  const invented = 'postMessage({ type: "described", description: { contract: 5 } })';
  assert.match(await refusal(`${invented}; await new Promise(() => {})`, 300), /did not load/);
});
