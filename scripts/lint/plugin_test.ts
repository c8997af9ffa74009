import assert from "node:assert/strict";
import plugin from "./plugin.ts";

/** Ids and lines of what the plugin reports, as `rule:line`. */
function lint(source: string, path = "src/base/a.ts"): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map(({ id, range }) =>
    `${id.replace("aether/", "")}:${source.slice(0, range[0]).split("\n").length}`
  );
}

Deno.test("no-private-keyword reports members and parameters, not constructors", () => {
  assert.deepEqual(
    lint("class A {\n  private a = 1;\n  private b() {}\n  constructor(private c: D) {}\n}"),
    ["no-private-keyword:2", "no-private-keyword:3", "no-private-keyword:4"],
  );
  assert.deepEqual(lint("class A {\n  private static s = 1;\n private get g() { return 1; }\n}"), [
    "no-private-keyword:2",
    "no-private-keyword:3",
  ]);
  assert.deepEqual(lint("class A {\n  #a = 1;\n  #b() {}\n  private constructor() {}\n}"), []);
  assert.deepEqual(lint("class A { protected a = 1; public b = 2; private = 3; }"), []);
});

Deno.test("function-declaration reports exported function constants only", () => {
  assert.deepEqual(lint("\nexport const f = () => 1;"), ["function-declaration:2"]);
  assert.deepEqual(lint("export const f = async function () {};"), ["function-declaration:1"]);
  assert.deepEqual(lint("export const f: F = (x) => x;"), ["function-declaration:1"]);
  assert.deepEqual(lint("export function f() {}\nexport const g = h(() => 1);"), []);
  assert.deepEqual(lint("const f = () => 1;\nexport const o = { f: () => 1 };"), []);
});

Deno.test("error-message reports a small first letter and a final period", () => {
  const bad = [
    'new Error("it failed")',
    'new Error("It failed.")',
    "new Error(`key ${key} failed`)",
    "new Error(`Key ${key} failed.`)",
    'new Error("the key " + key)',
    'new RangeError("Got " + n + " items.")',
    'new AetherError("USAGE", "unknown flag")',
    'new AetherError("USAGE", `Unknown ${flag}.`, { hint })',
    'new InvariantError("no such row")',
  ];
  for (const source of bad) assert.deepEqual(lint(source), ["error-message:1"], source);
  assert.deepEqual(lint('new Error("it failed.")'), ["error-message:1", "error-message:1"]);
  const good = [
    'new Error("It failed")',
    "new Error(`${key} failed`)",
    'new Error(key + " is not valid")',
    'new Error("slice.toml has no entry")',
    'new Error("create() returned nothing")',
    "new Error(message)",
    "new Error()",
    'new AetherError("USAGE", "Unknown flag --x")',
    'new Map("it is no error.")',
  ];
  for (const source of good) assert.deepEqual(lint(source), [], source);
});

Deno.test("non-null-reason wants a comment on the same line or the one above", () => {
  assert.deepEqual(lint("f(1);\nf(a!);"), ["non-null-reason:2"]);
  assert.deepEqual(lint("// The loop stops before the end.\n\nf(a!);"), ["non-null-reason:3"]);
  assert.deepEqual(lint("// The loop stops before the end.\nf(a!);"), []);
  assert.deepEqual(lint("/*\n * The loop stops\n * before the end.\n */\nf(a!);"), []);
  assert.deepEqual(lint("f(a!); // set above"), []);
  assert.deepEqual(lint("f(a!);", "src/base/a_test.ts"), []);
  assert.deepEqual(lint("f(!a); if (a != b) f();"), []);
});

Deno.test("function-size counts the lines of functions, methods and arrows", () => {
  const body = (lines: number) => "  x();\n".repeat(lines - 2);
  for (const [open, close] of [["function f() {", "}"], ["g(() => {", "});"]]) {
    assert.deepEqual(lint(`${open}\n${body(70)}${close}`), [], open);
    assert.deepEqual(lint(`${open}\n${body(71)}${close}`), ["function-size:1"], open);
  }
  assert.deepEqual(lint(`class A {\n  m() {\n${body(71)}  }\n}`), ["function-size:2"]);
  assert.deepEqual(lint(`function f() {\n${body(71)}}`, "src/base/a_test.ts"), []);
});

Deno.test("the plugin finds lines in a text that is not ASCII", () => {
  assert.deepEqual(lint('const s = "é 漢字 🚀";\n// why\nf(a!);\nf(b);\nf(c!);'), [
    "non-null-reason:5",
  ]);
});
