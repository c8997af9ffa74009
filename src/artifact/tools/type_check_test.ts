import assert from "node:assert/strict";
import { below, goodSlice, withFolder } from "../../../tests/fixtures/slices/temporary.ts";
import { parseOutput, typeCheck } from "./type_check.ts";

const denoPath = Deno.execPath();

Deno.test("typeCheck() finds type errors with file and line, without a deno.json", async () => {
  const files = {
    ...goodSlice,
    "mod.ts": `${goodSlice["mod.ts"]}export const count: number = "three";
export const shout = (name: string) => name.toUpperCas();
`,
  };
  await withFolder(files, async (dir) => {
    const { issues, notice } = await typeCheck(dir, { entry: "mod.ts", denoPath });
    assert.equal(notice, undefined);
    assert.deepEqual(issues.map(({ path, line }) => `${path}:${line}`), ["mod.ts:6", "mod.ts:7"]);
    assert.match(issues[0]?.message ?? "", /^TS2322: Type 'string' is not assignable/);
    assert.deepEqual((await Array.fromAsync(Deno.readDir(dir))).length, 3, "Nothing is left over");
  });
});

Deno.test("typeCheck() knows the types of the SDK", async () => {
  const files = {
    ...goodSlice,
    "mod.ts": `import { slice } from "aether";
import { good } from "./contract.ts";
export default slice(good, { create: () => ({ greet: ({ name }) => ({ greting: name }) }) });
`,
  };
  await withFolder(files, async (dir) => {
    const { issues } = await typeCheck(dir, { entry: "mod.ts", denoPath });
    assert.equal(issues.length, 1);
    assert.match(issues[0]?.message ?? "", /greting|greeting/);
  });
});

Deno.test("typeCheck() uses the nearest deno.json and restores the SDK it refers to", async () => {
  const config = {
    imports: { aether: "./.aether/sdk/mod.ts", zod: "./.aether/sdk/zod/index.js" },
    lock: false,
    compilerOptions: { noUnusedLocals: true },
  };
  const files = {
    "deno.json": JSON.stringify(config),
    ...below("slices/good", {
      ...goodSlice,
      "mod.ts": `const unused = 1;\n${goodSlice["mod.ts"]}`,
    }),
  };
  await withFolder(files, async (dir) => {
    const { issues } = await typeCheck(`${dir}/slices/good`, { entry: "mod.ts", denoPath });
    assert.deepEqual(issues.map((issue) => issue.message.slice(0, 6)), ["TS6133"]);
    assert.ok((await Deno.stat(`${dir}/.aether/sdk/mod.ts`)).isFile);
  });
});

Deno.test("typeCheck() ignores a deno.json that takes the SDK from elsewhere", async () => {
  const files = { ...goodSlice, "deno.json": '{"imports":{"aether":"npm:@none/none@1.0.0"}}' };
  await withFolder(files, async (dir) => {
    assert.deepEqual(await typeCheck(dir, { entry: "mod.ts", denoPath }), { issues: [] });
  });
});

Deno.test("typeCheck() gives a notice where there is no Deno program", async () => {
  const { issues, notice } = await typeCheck(".", { entry: "mod.ts", denoPath: undefined });
  assert.deepEqual(issues, []);
  assert.match(notice ?? "", /Types were not checked/);
});

Deno.test("parseOutput() answers one problem for text that it does not know", () => {
  assert.deepEqual(parseOutput("error: Out of memory\nmore", "/"), [
    { path: "types", message: "Out of memory" },
  ]);
  assert.deepEqual(parseOutput("", "/"), [{ path: "types", message: "deno check failed" }]);
});

Deno.test("parseOutput() adds the innermost reason of a problem", () => {
  const text = `TS2345 [ERROR]: Argument of type '{}' is not assignable to parameter of type 'A'.
  Property 'b' is missing in type '{}' but required in type 'A'.
f({});
    at file:///slice/mod.ts:3:1
`;
  assert.deepEqual(parseOutput(text, "/slice"), [{
    path: "mod.ts",
    line: 3,
    message: "TS2345: Argument of type '{}' is not assignable to parameter of type 'A': " +
      "Property 'b' is missing in type '{}' but required in type 'A'",
  }]);
});
