import assert from "node:assert/strict";
import { checkCatalog } from "./catalog.ts";
import { checkConsole } from "./console.ts";
import { checkDependencies } from "./dependencies.ts";
import { checkFolders } from "./folders.ts";
import { checkForgotten } from "./forgotten.ts";
import { checkGlobals } from "./globals.ts";
import { checkHeaders } from "./headers.ts";
import { checkLines } from "./lines.ts";
import { checkMachines } from "./machines.ts";
import { checkSize } from "./size.ts";
import type { Rule } from "./source.ts";
import { checkSyntax } from "./syntax.ts";

type Tree = Readonly<Record<string, string>>;

/** Runs a rule over a tree written as path -> text; findings come back as `path:line`. */
function run(rule: Rule, tree: Tree): string[] {
  const files = Object.entries(tree).map(([path, text]) => ({ path, text }));
  return rule(files).map((finding) => `${finding.path}:${finding.line}`);
}

/** The messages of a rule over one file. */
function messages(rule: Rule, path: string, text: string): string[] {
  return rule([{ path, text }]).map((finding) => finding.message);
}

Deno.test("checkSyntax() finds a module that does not parse, at its line", () => {
  assert.deepEqual(run(checkSyntax, { "src/base/a.ts": "const a = 1;\nconst = 2;\n" }), [
    "src/base/a.ts:2",
  ]);
  assert.deepEqual(run(checkSyntax, { "src/base/a.ts": "const a = 1;\n" }), []);
  assert.deepEqual(run(checkSyntax, { "tests/fixtures/a.ts": "const = 2;\n" }), []);
});

Deno.test("checkGlobals() finds every banned name in a pure layer, at its line", () => {
  const banned = [
    "Deno.readTextFile",
    "let kv: Deno.Kv",
    "Date.now()",
    "new Date()",
    "Date()",
    "const { now } = Date",
    "Math.random()",
    "const { random } = Math",
    "setTimeout(f, 1)",
    "setInterval(f, 1)",
    "setImmediate(f)",
    "queueMicrotask(f)",
    "AbortSignal.timeout(1)",
    'fetch("x")',
    "f(fetch)",
    "f({ fetch })",
    "performance.now()",
    "crypto.getRandomValues(bytes)",
    "crypto.randomUUID()",
    "const { randomUUID } = crypto",
    'new WebSocket("x")',
    "globalThis.fetch",
    "self.fetch",
    "process.exit()",
    "`${Date.now()}`",
    'import "node:fs"',
    'import { Hono } from "hono"',
    "function f(at = Date.now()) {}",
    "const { at = Date.now() } = options",
  ];
  for (const line of banned) {
    for (const path of ["src/base/a.ts", "src/protocol/a.ts", "src/store/deep/a.ts"]) {
      assert.deepEqual(run(checkGlobals, { [path]: `// one\n${line};\n` }), [`${path}:2`], line);
    }
    assert.deepEqual(run(checkGlobals, { "src/io/a.ts": line }), [], line);
    assert.deepEqual(run(checkGlobals, { "src/store/a_test.ts": line }), [], line);
  }
});

Deno.test("checkGlobals() leaves alone what only looks like a banned name", () => {
  const allowed = [
    'const s = "Date.now() fetch Deno";',
    "const s = `Math.random()`;",
    "// setTimeout(f, 1)",
    "/** performance.now() */",
    "const r = /fetch(1)/;",
    "clock.setTimeout(f); a.b.fetch(); this.performance;",
    "const o = { fetch: 1, Deno() {}, performance: 2 };",
    "interface Clock { setTimeout(f: () => void): void; fetch: number }",
    "class Timers { setTimeout() {} #fetch = 1; }",
    "type F = (fetch: string) => void;",
    "function get(fetch: () => void) { fetch(); }",
    "const get = ({ fetch }: Io) => fetch();",
    "const get = ({ io: [performance] }: Io) => { performance.now(); };",
    "function f() { const crypto = 1; return crypto; }",
    'import { fetch } from "./a.ts"; fetch();',
    "try { f(); } catch (process) { g(process); }",
    "const at = new Date(ms); Date.UTC(2020, 1); x instanceof Date; let d: Date;",
    "Math.max(1, 2); const h = await crypto.subtle.digest('SHA-256', b);",
    'import { z } from "zod"; z.string();',
  ];
  for (const text of allowed) {
    assert.deepEqual(messages(checkGlobals, "src/base/a.ts", text), [], text);
  }
});

Deno.test("checkGlobals() is not fooled by a local name in another scope", () => {
  const text = "function a(fetch: F) { fetch(); }\nfunction b() { fetch(); }\n";
  assert.deepEqual(run(checkGlobals, { "src/base/a.ts": text }), ["src/base/a.ts:2"]);
});

Deno.test("checkSize() fails long files, growth beyond the ratchet and stale entries", () => {
  const lines = (count: number) => "x\n".repeat(count);
  const ratchet = "tests/tidy/ratchet.json";
  assert.deepEqual(run(checkSize, { "src/base/a.ts": lines(400) }), []);
  assert.deepEqual(run(checkSize, { "src/base/a.ts": lines(401) }), ["src/base/a.ts:0"]);
  const listed = (count: number, recorded: number) =>
    run(checkSize, { "a.ts": lines(count), [ratchet]: JSON.stringify({ "a.ts": recorded }) });
  assert.deepEqual(listed(450, 450), []);
  assert.deepEqual(listed(451, 450), ["a.ts:0"]);
  assert.deepEqual(listed(601, 700), ["a.ts:0", `${ratchet}:0`]);
  assert.deepEqual(listed(449, 450), [`${ratchet}:0`]);
  assert.deepEqual(listed(400, 450), [`${ratchet}:0`]);
  assert.deepEqual(run(checkSize, { [ratchet]: '{ "gone.ts": 450 }' }), [`${ratchet}:0`]);
});

Deno.test("checkFolders() fails the 13th module of a folder and any module of src/ itself", () => {
  const folder = (count: number): Tree =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`src/base/m${i}.ts`, ""]));
  assert.deepEqual(run(checkFolders, { ...folder(12), "src/base/a_test.ts": "" }), []);
  assert.deepEqual(run(checkFolders, folder(13)), ["src/base:0"]);
  assert.deepEqual(run(checkFolders, { "src/a.ts": "" }), ["src:0"]);
});

Deno.test("checkLines() fails long lines except imports and addresses", () => {
  const long = "x".repeat(101);
  assert.deepEqual(run(checkLines, { "a.ts": `ok\n${long}\n` }), ["a.ts:2"]);
  assert.deepEqual(run(checkLines, { "a.ts": "é".repeat(100) }), []);
  assert.deepEqual(run(checkLines, { "a.ts": `// https://example.com/${long}` }), []);
  assert.deepEqual(run(checkLines, { "a.ts": `import { a } from "./${long}.ts";` }), []);
  assert.deepEqual(run(checkLines, { "a.md": long }), []);
});

Deno.test("checkHeaders() wants a doc comment of some words with @module", () => {
  const good = "/**\n * Reads the tree from the disk.\n *\n * @module\n */\n";
  assert.deepEqual(run(checkHeaders, { "src/base/a.ts": good }), []);
  assert.deepEqual(run(checkHeaders, { "scripts/a.ts": `#!/usr/bin/env deno\n${good}` }), []);
  assert.deepEqual(run(checkHeaders, { "src/base/a_test.ts": "" }), []);
  const bad = [
    "",
    "export const a = 1;\n" + good,
    "/** Reads the tree from the disk. */",
    "/** @module */",
    "// Reads the tree from the disk. @module",
  ];
  for (const text of bad) {
    assert.deepEqual(run(checkHeaders, { "src/base/a.ts": text }), ["src/base/a.ts:1"], text);
  }
});

Deno.test("checkConsole() allows printing in cli/, scripts/ and tests only", () => {
  const text = "\nconsole.log(1);\n";
  assert.deepEqual(run(checkConsole, { "src/node/a.ts": text }), ["src/node/a.ts:2"]);
  assert.deepEqual(run(checkConsole, { "slices/echo/mod.ts": text }), ["slices/echo/mod.ts:2"]);
  assert.deepEqual(run(checkConsole, { "main.ts": "f(console);" }), ["main.ts:1"]);
  const shell = "src/sandbox/shell/main.ts";
  assert.deepEqual(run(checkConsole, { [shell]: "Object.assign(console, own);" }), []);
  assert.deepEqual(run(checkConsole, { [shell]: "console.log(1);" }), [`${shell}:1`]);
  for (const path of ["cli/a.ts", "scripts/a.ts", "tests/a.ts", "e2e/a.ts", "src/a_test.ts"]) {
    assert.deepEqual(run(checkConsole, { [path]: text }), [], path);
  }
  assert.deepEqual(run(checkConsole, { "src/a.ts": "/** console.log(1) */ a.console = 1;" }), []);
});

Deno.test("checkForgotten() finds notes to oneself in any kind of file", () => {
  for (const mark of ["TO" + "DO", "FIX" + "ME", "XX" + "X"]) {
    assert.deepEqual(run(checkForgotten, { "a.md": `one\n<!-- ${mark}: x -->` }), ["a.md:2"]);
  }
  assert.deepEqual(run(checkForgotten, { "a.sh": "mktemp name." + "X".repeat(6) }), []);
  assert.deepEqual(run(checkForgotten, { "a.ts": 'const id = "TO' + 'DOS";' }), []);
});

Deno.test("checkMachines() finds paths of one machine and hosts of registries", () => {
  // Written in halves, or the rule would find this test.
  const bad = [
    "/ho" + "me/ada/src",
    "cd /ro" + "ot",
    '"/wo' + 'rk/main/deno.json"',
    "/wo" + "rk",
    "/tm" + "p/boot/node_modules",
    "/tm" + "p/bash_jobs.0",
    "/Us" + "ers/ada",
    "C:\\Us" + "ers\\ada",
    "https://regis" + "try.npmjs.org/zod",
    "https://js" + "r.io/@std/path",
    "https://es" + "m.sh/zod",
    "https://deno" + ".land/x/oak",
    '"tar' + 'ball": "http://mirror.local/zod.tgz"',
  ];
  for (const text of bad) {
    assert.deepEqual(run(checkMachines, { "a.md": `one\n${text}\n` }), ["a.md:2"], text);
  }
  const good = [
    "src/work/a.ts",
    "https://example.com/work/1",
    "./home/page",
    "/workers",
    "/work-list",
    "$HOME/.cache",
    "/tmp/aether",
    "${path}/home/a",
    "curl -fsSL https://deno.land/install.sh",
    "/api/home/x",
  ];
  for (const text of good) assert.deepEqual(run(checkMachines, { "a.md": text }), [], text);
});

Deno.test("checkDependencies() wants npm packages, pinned, through deno.json", () => {
  const config = (target: string): Tree => ({
    "deno.json": `{\n "imports": {\n  "a": ${JSON.stringify(target)}\n }\n}`,
  });
  for (const target of ["npm:a@1.2.3", "npm:@s/a@1.2.3-rc.1", "npm:a@1.2.3/sub", "./mod.ts"]) {
    assert.deepEqual(run(checkDependencies, config(target)), [], target);
  }
  const loose = [
    "npm:a",
    "npm:a@^1.2.3",
    "npm:a@1",
    "jsr:@std/a@1.0.0",
    "https://example.com/a.ts",
  ];
  for (const target of loose) {
    assert.deepEqual(run(checkDependencies, config(target)), ["deno.json:3"], target);
  }
  const importing = (specifier: string) =>
    run(checkDependencies, { ...config("npm:a@1.2.3"), "b.ts": `import "${specifier}";` });
  for (const specifier of ["a", "a/sub", "node:fs", "./c.ts"]) {
    assert.deepEqual(importing(specifier), [], specifier);
  }
  for (const specifier of ["b", "npm:a@1.2.3", "jsr:@std/a", "https://example.com/a.ts"]) {
    assert.deepEqual(importing(specifier), ["b.ts:1"], specifier);
  }
});

Deno.test("checkDependencies() takes the nearest deno.json", () => {
  const tree: Tree = {
    "deno.json": '{ "imports": { "a": "npm:a@1.2.3" } }',
    "x/deno.json": '{ "imports": { "b": "npm:b@1.2.3", "c": "npm:c" } }',
    "x/y/z.ts": 'import "b";',
    "xy.ts": 'import "a";',
  };
  assert.deepEqual(run(checkDependencies, tree), ["x/deno.json:1"]);
  assert.deepEqual(
    run(checkDependencies, { ...tree, "x/y.ts": 'import "a";', "w.ts": 'import "b";' }),
    ["x/deno.json:1", "x/y.ts:1", "w.ts:1"],
  );
});

Deno.test("checkDependencies() keeps replaceable packages behind their wrapper", () => {
  const importing = (from: string, specifier: string) =>
    run(checkDependencies, {
      "deno.json":
        '{ "imports": { "smol-toml": "npm:smol-toml@1.9.1", "hono": "npm:hono@4.1.2" } }',
      [from]: `import "${specifier}";`,
    });
  assert.deepEqual(importing("src/protocol/toml.ts", "smol-toml"), []);
  assert.deepEqual(importing("src/io/a_test.ts", "smol-toml"), []);
  assert.deepEqual(importing("src/api/server.ts", "hono/cors"), []);
  assert.deepEqual(importing("src/io/a.ts", "smol-toml"), ["src/io/a.ts:1"]);
  assert.deepEqual(importing("cli/a.ts", "hono/cors"), ["cli/a.ts:1"]);
});

Deno.test("checkCatalog() fails numbers that are used twice or malformed", () => {
  const catalog = (...rows: string[]): Tree => ({ "src/base/error_catalog.ts": rows.join("\n") });
  assert.deepEqual(run(checkCatalog, catalog('A: row("E1001", 1),', 'B: row("E1002", 1),')), []);
  assert.deepEqual(run(checkCatalog, catalog('A: row("E1001", 1),', 'B: row(\n"E1001", 1),')), [
    "src/base/error_catalog.ts:2",
  ]);
  assert.deepEqual(run(checkCatalog, catalog('A: row("E01", 1),')), [
    "src/base/error_catalog.ts:1",
  ]);
});
