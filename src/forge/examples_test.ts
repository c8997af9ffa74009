import assert from "node:assert/strict";
import { join } from "node:path";
import { newSlice } from "../artifact/scaffold.ts";
import { DevBuilder } from "./dev_build.ts";
import { examplesFolder, packagedExamples, readExamples } from "./examples.ts";
import { sliceTools } from "./tools.ts";
import { readWorkspace } from "./workspace.ts";

Deno.test("examplesFolder() is a workspace with a blueprint", async () => {
  const { slices, blueprint } = await readWorkspace(examplesFolder() ?? "");
  assert.ok(slices.length > 1);
  assert.match(blueprint, /^id = /m);
});

Deno.test("packagedExamples() says so when they were left out", async () => {
  await assert.rejects(packagedExamples(), {
    name: "FILE_UNREADABLE",
    message: "This program was packaged without the example app",
  });
});

Deno.test("readExamples() reads built slices and their blueprint", async () => {
  const root = await Deno.makeTempDir({ prefix: "aether-examples-" });
  try {
    await newSlice("hello", join(root, "hello"));
    const { artifacts: [built] } = await new DevBuilder(sliceTools()).build(join(root, "hello"));
    await assert.rejects(readExamples(root), {
      name: "FILE_UNREADABLE",
      message: /without the example/,
    });
    await Deno.writeTextFile(join(root, "blueprint.toml"), "id = 1");
    await Deno.writeFile(join(root, "hello.slice"), built?.bytes ?? new Uint8Array());
    const { artifacts, blueprint } = await readExamples(root);
    assert.equal(blueprint, "id = 1");
    assert.deepEqual(artifacts.map(({ artifact }) => artifact), [built?.artifact]);
    assert.deepEqual(Object.keys(artifacts[0]?.methods ?? {}), ["greet"]);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
