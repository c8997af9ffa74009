import assert from "node:assert/strict";
import { join } from "node:path";
import { newSlice } from "../artifact/scaffold.ts";
import { openSlice } from "../artifact/package.ts";
import { DevBuilder } from "./dev_build.ts";
import { sliceTools } from "./tools.ts";

Deno.test("DevBuilder.build() builds each state of a folder once", async () => {
  const root = await Deno.makeTempDir({ prefix: "aether-dev-build-" });
  try {
    await newSlice("hello", root);
    const builder = new DevBuilder(sliceTools());
    const first = await builder.build(root);
    const [artifact] = first.artifacts;
    assert.match(artifact?.artifact ?? "", /^org\.example:hello:1\.0\.0-dev\.h[0-9a-f]+$/);
    assert.ok(first.blueprint.includes(`artifact = "${artifact?.artifact}"`));
    assert.equal(
      openSlice(artifact?.bytes ?? new Uint8Array()).manifest.artifact,
      artifact?.artifact,
    );
    assert.ok((await builder.build(root)).artifacts[0] === artifact);

    const path = join(root, "mod.ts");
    await Deno.writeTextFile(path, `${await Deno.readTextFile(path)}// changed\n`);
    const second = await builder.build(root);
    assert.notEqual(second.artifacts[0]?.artifact, artifact?.artifact);
    await Deno.writeTextFile(path, "export default {");
    await assert.rejects(builder.build(root), { name: "SLICE_BUILD_FAILED" });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
