import assert from "node:assert/strict";
import { goodSlice, withFolder } from "../../../tests/fixtures/slices/temporary.ts";
import { permissionFlags, runSliceTests } from "./test_run.ts";

const test = `import assert from "node:assert/strict";
import { testSlice } from "aether";
import definition from "./mod.ts";
Deno.test("greet() greets", async () => {
  const { client } = await testSlice(definition);
  assert.deepEqual(await client.greet({ name: "Ada" }), { greeting: "Ada" });
});
Deno.test("the environment is closed", () => {
  assert.throws(() => Deno.env.get("HOME"), Deno.errors.NotCapable);
});
`;

/** Runs the tests of a folder; whether they passed, and what they printed. */
async function run(dir: string, filter?: string): Promise<[boolean, string]> {
  let text = "";
  const passed = await runSliceTests(dir, {
    denoPath: Deno.execPath(),
    filter,
    print: (piece) => {
      text += new TextDecoder().decode(piece);
      return Promise.resolve();
    },
  });
  return [passed, text];
}

Deno.test("runSliceTests() runs tests with the permissions of slice.toml", async () => {
  await withFolder({ ...goodSlice, "mod_test.ts": test }, async (dir) => {
    const [passed, text] = await run(dir);
    assert.ok(passed, text);
    assert.match(text, /2 passed/);
    const toml = 'artifact = "org.example:good:1.0.0"\n[permissions]\nenv = ["HOME"]\n';
    await Deno.writeTextFile(`${dir}/slice.toml`, toml);
    const [isClosed, failure] = await run(dir);
    assert.equal(isClosed, false);
    assert.match(failure, /the environment is closed .*FAILED/);
    assert.equal((await run(dir, "greet"))[0], true);
  });
});

Deno.test("runSliceTests() refuses a folder without tests and a form without Deno", async () => {
  await withFolder(goodSlice, async (dir) => {
    await assert.rejects(run(dir), { name: "SLICE_INVALID", message: /has no test/ });
    await assert.rejects(
      runSliceTests(dir, { denoPath: undefined, print: () => Promise.resolve() }),
      { name: "NOT_BUILT" },
    );
  });
});

Deno.test("permissionFlags() are those that Deno knows, and the folder is readable", () => {
  assert.deepEqual(permissionFlags({ net: ["a:1", "b"], read: ["/data"], env: [] }, "/slice"), [
    "--allow-read=/slice,/data",
    "--allow-net=a:1,b",
  ]);
});
