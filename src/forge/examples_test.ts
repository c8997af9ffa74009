import assert from "node:assert/strict";
import { join } from "node:path";
import { buildExamples, examplesFolder, packagedExamples, readExamples } from "./examples.ts";
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

Deno.test("readExamples() reads what buildExamples() made", async () => {
  const root = await Deno.makeTempDir({ prefix: "aether-examples-" });
  try {
    await assert.rejects(readExamples(root), { name: "FILE_UNREADABLE" });
    const files = await buildExamples();
    for (const [name, bytes] of Object.entries(files)) {
      // The launcher packs plain names of files only.
      assert.match(name, /^[a-z][a-z0-9.-]{0,62}$/);
      await Deno.writeFile(join(root, name), bytes);
    }
    const { artifacts, blueprint } = await readExamples(root);
    assert.ok(artifacts.length > 1);
    for (const { artifact } of artifacts) assert.ok(blueprint.includes(`"${artifact}"`), artifact);
    assert.ok(artifacts.some(({ methods }) => "shorten" in methods));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
