import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import {
  below,
  type Files,
  goodSlice,
  loadBundle,
  withFolder,
} from "../../tests/fixtures/slices/temporary.ts";
import { type Bundle, bundleSlice } from "./bundler.ts";

async function bundle(files: Files): Promise<Bundle & { text: string }> {
  let result: Bundle | undefined;
  await withFolder(below("slice", files), async (dir) => {
    result = await bundleSlice(`${dir}/slice`, { entry: "mod.ts" });
  });
  assert.ok(result);
  return { ...result, text: new TextDecoder().decode(result.module) };
}

/** `path:line message` of every problem. */
async function problems(files: Files): Promise<string[]> {
  try {
    await bundle(files);
  } catch (error) {
    assert.ok(error instanceof AetherError, String(error));
    assert.equal(error.name, "SLICE_BUILD_FAILED");
    assert.match(error.message, /^The slice has \d+ problems?/);
    return error.issues.map(({ path, line, message }) => `${path}:${line ?? ""} ${message}`);
  }
  return [];
}

Deno.test("bundleSlice() makes one module without imports that finds the SDK", async () => {
  const { module, text, sourceMap } = await bundle({
    ...goodSlice,
    "data.json": '{ "answer": 42 }',
    "lib/later.ts": "export const later: string = 'later';",
    "mod.ts": `import { slice } from "aether";
import * as zod from "zod";
import z, { void as nothing } from "zod";
import data from "./data.json" with { type: "json" };
import type { Missing } from "npm:types-cost-nothing";
import { good } from "./contract.ts";
export const answer: number = data.answer;
export const parsed = [zod.string().parse("a"), z.string().parse("b"), nothing().parse(undefined)];
export const later = async () => (await import("./lib/later.ts")).later;
export type Unused = Missing;
export default slice(good, { create: () => ({ greet: ({ name }) => ({ greeting: name }) }) });
`,
  });
  assert.doesNotMatch(text, /^import /m);
  const exports = await loadBundle(module);
  assert.equal(exports["answer"], 42);
  assert.deepEqual(exports["parsed"], ["a", "b", undefined]);
  assert.equal(await (exports["later"] as () => Promise<string>)(), "later");
  const { sources } = JSON.parse(new TextDecoder().decode(sourceMap));
  assert.ok(sources.includes("mod.ts"), String(sources));
});

Deno.test("bundleSlice() keeps only the names of the SDK that are used", async () => {
  const { text } = await bundle(goodSlice);
  assert.match(text, /aether_contract/);
  assert.doesNotMatch(text, /testSlice/);
  assert.ok(text.length < 2000, `${text.length} characters`);
});

Deno.test("bundleSlice() gives the same bytes wherever the folder is", async () => {
  assert.equal((await bundle(goodSlice)).text, (await bundle(goodSlice)).text);
});

Deno.test("bundleSlice() follows a contract of a slice beside it", async () => {
  const files = {
    ...below("good", goodSlice),
    "shop/mod.ts": 'import { good } from "../good/contract.ts";\nexport default good.name;\n',
  };
  await withFolder(files, async (dir) => {
    const { module } = await bundleSlice(`${dir}/shop`, { entry: "mod.ts" });
    assert.equal((await loadBundle(module))["default"], "org.example:good");
  });
});

Deno.test("bundleSlice() is not changed by a tsconfig.json further up", async () => {
  const files = {
    "tsconfig.json": '{ "compilerOptions": { "paths": { "aether": ["./evil.ts"] } } }',
    ...below("slice", goodSlice),
  };
  await withFolder(files, async (dir) => {
    const { module } = await bundleSlice(`${dir}/slice`, { entry: "mod.ts" });
    assert.equal(new TextDecoder().decode(module), (await bundle(goodSlice)).text);
  });
});

const wrong: readonly (readonly [what: string, source: string, expected: RegExp])[] = [
  ["a package", 'export {};\nimport "npm:hono@4";', /^mod\.ts:2 Import of "npm:hono@4" is refused/],
  ["a Node module", 'import fs from "node:fs";\nfs;', /^mod\.ts:1 Import of "node:fs" is refused/],
  ["a JSR package", 'import "jsr:@std/toml";', /^mod\.ts:1 Import of "jsr:@std\/toml" is refused/],
  ["a URL", 'import "https://e.com/x.js";', /^mod\.ts:1 .*nothing is loaded from the network/],
  ["a bare name", 'export * from "hono";', /^mod\.ts:1 Import of "hono" is refused/],
  ["a later import", 'await import("node:os");', /^mod\.ts:1 Import of "node:os" is refused/],
  ["one in a try", 'try { await import("hono"); } catch { 1; }', /^mod\.ts:1 .*"hono" is refused/],
  ["a missing file", 'import "./gone.ts";', /^mod\.ts:1 .*gone\.ts does not exist/],
  [
    "a computed import",
    "\nawait import(globalThis.name);",
    /^mod\.ts:2 Computed import\(\) cannot/,
  ],
  ["a pattern", "\nawait import(`./${name}.ts`);", /^mod\.ts:2 Computed import\(\) cannot/],
  ["a sum", 'await import("../" + name + ".ts");', /^mod\.ts:1 Computed import\(\) cannot/],
  ["a require", 'require("./a.ts");', /^mod\.ts:1 require\("\.\/a\.ts"\) is not available/],
  ["a computed require", "require(name);", /^mod\.ts:1 require\(\) is not available/],
  ["a syntax error", "export default 1;\nlet = ;", /^mod\.ts:2 Unexpected ";"/],
  [
    "an unknown name of the SDK",
    'import { topik } from "aether";\ntopik();',
    /^mod\.ts:1 No matching export in "aether" for import "topik"/,
  ],
];

for (const [what, source, expected] of wrong) {
  Deno.test(`bundleSlice() refuses ${what} with file and line`, async () => {
    const files = { "mod.ts": source, "a.ts": "export {};", "b.ts": "export {};" };
    const found = await problems(files);
    assert.equal(found.filter((line) => expected.test(line)).length, 1, found.join("\n"));
  });
}

Deno.test("bundleSlice() names all problems at once", async () => {
  const found = await problems({
    "mod.ts": 'import "node:fs";\nimport "./a.ts";\nimport "hono";\n',
    "a.ts": 'import "https://e.com/x.js";\n',
  });
  assert.deepEqual(found.map((line) => line.split(" ")[0]).sort(), [
    "a.ts:1",
    "mod.ts:1",
    "mod.ts:3",
  ]);
});

Deno.test("bundleSlice() names the limit that a module exceeds", async () => {
  const data = JSON.stringify("x".repeat(17 * 1024 * 1024));
  await assert.rejects(
    bundle({ "mod.ts": 'export { default } from "./a.json";', "a.json": data }),
    { name: "ARTIFACT_TOO_LARGE", message: /the limit is 16777216/ },
  );
});

Deno.test("bundleSlice() runs several builds at a time", async () => {
  const texts = await Promise.all([bundle(goodSlice), bundle(goodSlice), bundle(goodSlice)]);
  assert.equal(new Set(texts.map(({ text }) => text)).size, 1);
});
