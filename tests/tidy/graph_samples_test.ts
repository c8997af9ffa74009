import assert from "node:assert/strict";
import { checkCycles } from "./cycles.ts";
import { checkDeadExports } from "./dead_exports.ts";
import { checkLayers } from "./layers.ts";
import { outlineOf } from "./outline.ts";
import type { Rule } from "./source.ts";
import { checkUntested } from "./untested.ts";

/** Runs a rule over a tree written as path -> text; findings come back as `path:line`. */
function run(rule: Rule, tree: Readonly<Record<string, string>>): string[] {
  const files = Object.entries(tree).map(([path, text]) => ({ path, text }));
  return rule(files).map((finding) => `${finding.path}:${finding.line}`);
}

/** True when the layer rule lets `from` import `specifier`. */
function mayImport(from: string, specifier: string): boolean {
  const tree = {
    "deno.json": '{ "imports": { "aether": "./mod.ts" } }',
    [from]: `import "${specifier}";`,
  };
  return run(checkLayers, tree).length === 0;
}

Deno.test("outlineOf() sees every way to import and export", () => {
  const text = `
import d, { a as b, type C } from "./1.ts";
import * as ns from "./2.ts";
import type { T } from "./3.ts";
import "./4.ts";
export * from "./5.ts";
export { q as r } from "./6.ts";
const lazy = await import("./7.ts");
type F = import("./8.ts").F;
const text = 'import "./no.ts"'; // import "./no.ts"
export const { x, y: [z] } = lazy;
export function f() {}
export class K {}
export interface I {}
export type { F };
export default f;
`;
  const { imports, exports } = outlineOf({ path: "a.ts", text });
  assert.deepEqual(imports.map(({ specifier, names, line }) => [specifier, names.join(), line]), [
    ["./1.ts", "default,a,C", 2],
    ["./2.ts", "*", 3],
    ["./3.ts", "T", 4],
    ["./4.ts", "", 5],
    ["./5.ts", "*", 6],
    ["./6.ts", "q", 7],
    ["./7.ts", "*", 8],
    ["./8.ts", "*", 9],
  ]);
  assert.deepEqual(exports.map(({ name, kind }) => `${name} ${kind}`), [
    "r value",
    "x value",
    "z value",
    "f value",
    "K class",
    "I type",
    "F type",
    "default value",
  ]);
});

Deno.test("outlineOf() counts lines in a text that is not ASCII", () => {
  const text = '// é 漢字 🚀\nconst s = "🚀";\nimport "./a.ts";\n';
  assert.deepEqual(outlineOf({ path: "a.ts", text }).imports.map(({ line }) => line), [3]);
});

Deno.test("checkLayers() lets imports point downward and into the own folder", () => {
  const good: [string, string][] = [
    ["src/base/a.ts", "./b.ts"],
    ["src/protocol/a.ts", "../base/b.ts"],
    ["src/sdk/a.ts", "../protocol/b.ts"],
    ["src/store/deep/a.ts", "../b.ts"],
    ["src/store/a.ts", "../protocol/b.ts"],
    ["src/node/a.ts", "../store/b.ts"],
    ["src/client/a.ts", "../protocol/b.ts"],
    ["src/store/a.ts", "zod"],
    ["cli/commands/kv/get.ts", "../../../src/client/b.ts"],
    ["cli/commands/node/start.ts", "../../../src/node/b.ts"],
    ["cli/commands/slice/build.ts", "../../../src/artifact/b.ts"],
    ["slices/echo/mod.ts", "aether"],
    ["slices/echo/mod.ts", "./contract.ts"],
    ["slices/shop/mod.ts", "../echo/contract.ts"],
    ["tests/a_test.ts", "../src/node/b.ts"],
    ["e2e/a_test.ts", "../src/client/b.ts"],
    ["main.ts", "./cli/b.ts"],
    ["mod.ts", "./src/sdk/b.ts"],
    ["src/node/version.ts", "../../deno.json"],
    ["src/sandbox/shell/a.ts", "aether"],
    ["src/sandbox/shell/a.ts", "../../../mod.ts"],
  ];
  for (const [from, specifier] of good) {
    assert.equal(mayImport(from, specifier), true, `${from} -> ${specifier}`);
  }
});

Deno.test("checkLayers() refuses imports that point upward, sideways or out", () => {
  const bad: [string, string][] = [
    ["src/base/a.ts", "../protocol/b.ts"],
    ["src/protocol/a.ts", "../sdk/b.ts"],
    ["src/store/a.ts", "../io/b.ts"],
    ["src/store/a.ts", "../consensus/b.ts"],
    ["src/store/a_test.ts", "../io/b.ts"],
    ["src/node/a.ts", "../api/b.ts"],
    ["src/client/a.ts", "../store/b.ts"],
    ["src/store/a.ts", "../../cli/b.ts"],
    ["src/protocol/a.ts", "aether"],
    ["src/client/a.ts", "aether"],
    ["src/store/a.ts", "../../main.ts"],
    ["src/unknown/a.ts", "./b.ts"],
    ["cli/commands/kv/get.ts", "../../../src/node/b.ts"],
    ["cli/commands/kv/get.ts", "../../../src/artifact/b.ts"],
    ["cli/main.ts", "../tests/b.ts"],
    ["slices/echo/mod.ts", "zod"],
    ["slices/echo/mod.ts", "node:fs"],
    ["slices/echo/mod.ts", "../../src/sdk/b.ts"],
    ["slices/shop/mod.ts", "../echo/mod.ts"],
    ["e2e/a_test.ts", "../src/node/b.ts"],
    ["scripts/a.ts", "../tests/b.ts"],
    ["mod.ts", "./src/node/b.ts"],
  ];
  for (const [from, specifier] of bad) {
    assert.equal(mayImport(from, specifier), false, `${from} -> ${specifier}`);
  }
});

Deno.test("checkCycles() finds a cycle once, also through types and a module itself", () => {
  const tree = {
    "src/base/a.ts": 'import "./b.ts";',
    "src/base/b.ts": '\nimport type { C } from "./c.ts";',
    "src/base/c.ts": 'export * from "./a.ts";',
  };
  assert.deepEqual(run(checkCycles, tree), ["src/base/a.ts:1"]);
  assert.deepEqual(run(checkCycles, { ...tree, "src/base/c.ts": "" }), []);
  assert.deepEqual(run(checkCycles, { "a.ts": 'import "./a.ts";' }), ["a.ts:1"]);
});

Deno.test("checkUntested() wants a test beside logic, or a reason that is not stale", () => {
  const list = "tests/tidy/untested.json";
  const logic = "export function f() {}";
  const [path, test] = ["src/base/a.ts", "src/base/a_test.ts"];
  assert.deepEqual(run(checkUntested, { [path]: logic }), [`${path}:0`]);
  assert.deepEqual(run(checkUntested, { [path]: logic, [test]: "" }), []);
  assert.deepEqual(run(checkUntested, { [path]: "export const limit = 1;" }), []);
  assert.deepEqual(run(checkUntested, { [path]: 'export * from "./b.ts";' }), []);
  const reason = JSON.stringify({ [path]: "Proven by tests/node_test.ts" });
  assert.deepEqual(run(checkUntested, { [path]: logic, [list]: reason }), []);
  assert.deepEqual(run(checkUntested, { [list]: reason }), [`${list}:0`]);
  assert.deepEqual(run(checkUntested, { [path]: logic, [test]: "", [list]: reason }), [
    `${list}:0`,
  ]);
  const empty = JSON.stringify({ [path]: "" });
  assert.deepEqual(run(checkUntested, { [path]: logic, [list]: empty }), [`${list}:0`]);
});

Deno.test("checkDeadExports() finds values that nobody imports", () => {
  const path = "src/base/a.ts";
  const alone = (text: string) => run(checkDeadExports, { [path]: text });
  assert.deepEqual(alone("\nexport const a = 1;"), [`${path}:2`]);
  assert.deepEqual(alone("export const a = 1; const b = a;"), [`${path}:1`]);
  assert.deepEqual(alone("export interface Unused {}"), [`${path}:1`]);
  assert.deepEqual(alone("interface A {}\nfunction f(a: A) {}"), []);
  const used = (line: string, other = "src/io/b.ts") =>
    run(checkDeadExports, { [path]: "export const a = 1;", [other]: line });
  assert.deepEqual(used('import { a } from "../base/a.ts";'), []);
  assert.deepEqual(used('import * as all from "../base/a.ts";'), []);
  assert.deepEqual(used('await import("../base/a.ts");'), []);
  assert.deepEqual(used('export * from "./src/base/a.ts";', "mod.ts"), []);
  assert.deepEqual(used('import { b } from "../base/a.ts";'), [`${path}:1`]);
  assert.deepEqual(used('import { a } from "./a.ts";'), [`${path}:1`]);
});

Deno.test("checkDeadExports() accepts a type of a signature and a listed export", () => {
  const path = "src/base/a.ts";
  const list = "tests/tidy/exports.json";
  const text = "export interface Options {}\nexport function f(options: Options) {}";
  const user = { "src/io/b.ts": 'import { f } from "../base/a.ts";' };
  assert.deepEqual(run(checkDeadExports, { [path]: text, ...user }), []);
  const reasons = { [list]: JSON.stringify({ [`${path}#f`]: "Called by name from the shell" }) };
  assert.deepEqual(run(checkDeadExports, { [path]: text, ...reasons }), []);
  assert.deepEqual(run(checkDeadExports, { [path]: text, ...user, ...reasons }), [`${list}:0`]);
});
