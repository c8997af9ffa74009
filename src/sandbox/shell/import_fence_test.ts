import assert from "node:assert/strict";
import { describeSlice } from "../describe.ts";

// The fence cannot be taken down, so it is met where it stands: in the shell's worker.

async function refusal(code: string): Promise<string> {
  const error = await describeSlice(new TextEncoder().encode(code)).catch((thrown) => thrown);
  assert.ok(error instanceof Error, "It was described");
  return error.message;
}

/** Static imports, none of which may let the module run. */
const statics = [
  'import fs from "node:fs";',
  'import { writeSync } from "node:fs";',
  'import * as all from "node:process";',
  'import "fs";',
  'export * from "node:child_process";',
  'export { default } from "node:os";',
  'import "data:text/javascript,1";',
  'import "npm:zod";',
  'import text from "file:///etc/hostname" with { type: "text" };',
  'import "https://example.com/mod.js";',
];

Deno.test("fenceImports() keeps a module with static imports from running", async () => {
  for (const line of statics) {
    const message = await refusal(`${line}\nthrow new Error("It ran");`);
    assert.doesNotMatch(message, /It ran/, line);
    assert.match(message, /Imports are refused: "|Requires|not found|hook failed/, line);
  }
});

Deno.test("fenceImports() is not deceived by where an import stands", async () => {
  const codes = [
    'throw new Error("It ran"); import "node:fs";',
    '/* */ import"node:fs"; throw new Error("It ran");',
    'const a = 1 / 2; import "node:fs"; throw new Error("It ran" + a / 2);',
  ];
  for (const code of codes) {
    assert.match(await refusal(code), /Imports are refused: "node:fs"/, code);
  }
});

Deno.test("fenceImports() rejects dynamic imports, from evaluated code too", async () => {
  const imports = [
    'import("node:fs")',
    "(0, eval)(\"import('node:fs')\")",
    "new Function(\"return import('node:fs')\")()",
    "import(URL.createObjectURL(new Blob([\"import 'node:fs'\"])))",
    'import("data:text/javascript,1")',
  ];
  for (const each of imports) {
    const code = `throw new Error(await ${each}.then(() => "It came", (error) => error.message));`;
    assert.match(await refusal(code), /is not available in a slice/, each);
  }
});

Deno.test("fenceImports() lets a module without imports run, once", async () => {
  assert.match(await refusal('throw new Error("It ran");'), /Error: It ran$/);
  const counted = "globalThis.count = (globalThis.count ?? 0) + 1; throw new Error(count)";
  assert.match(await refusal(counted), /Error: 1$/);
});
