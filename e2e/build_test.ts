/**
 * `deno task build` and `deno task compile` as programs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

async function runScript(name: string, args: string[], under: string[] = []) {
  const script = [Deno.execPath(), "run", "-A", join(root, "scripts", name), ...args];
  const [command, ...rest] = [...under, ...script];
  assert(command !== undefined);
  const output = await new Deno.Command(command, { args: rest, stdin: "null" }).output();
  const text = new TextDecoder();
  return { code: output.code, text: text.decode(output.stdout) + text.decode(output.stderr) };
}

async function digest(path: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path)));
  return hash.toHex();
}

Deno.test("build.ts makes equal bytes from equal sources, without network", async () => {
  const dir = await Deno.makeTempDir({ prefix: "aether-build-" });
  try {
    const under = ["unshare", Deno.uid() === 0 ? "-n" : "-Urn"];
    for (const name of ["one", "two"]) {
      const args = ["--level", "1", "--out", join(dir, name)];
      const { code, text } = await runScript("build.ts", args, under);
      assert.equal(code, 0, text);
    }
    assert.equal(await digest(join(dir, "one")), await digest(join(dir, "two")));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("build.ts refuses a level that zstd does not have", async () => {
  const { code, text } = await runScript("build.ts", ["--level", "fast"]);
  assert.equal(code, 2);
  assert.match(text, /level 'fast' is not valid: give a number from 1 to 22/);
});

Deno.test("compile.ts says what it lacks when the base binary cannot be had", async () => {
  const dir = await Deno.makeTempDir({ prefix: "aether-compile-" });
  try {
    const under = ["unshare", Deno.uid() === 0 ? "-n" : "-Urn", "env", "DENORT_BIN=/nowhere"];
    const { code, text } = await runScript("compile.ts", ["--out", join(dir, "aether")], under);
    assert.equal(code, 1, text);
    assert.match(text, /set DENORT_BIN to a denort of this version/);
    assert.match(text, /or run `deno task build`/);
    assert.deepEqual([...Deno.readDirSync(dir)], []);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
