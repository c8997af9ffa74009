import assert from "node:assert/strict";
import { describeHere, withFolder } from "../../tests/fixtures/slices/temporary.ts";
import { blueprintSchema } from "../protocol/blueprint.ts";
import { parseCoordinates } from "../protocol/coordinates.ts";
import { parseToml } from "../protocol/toml.ts";
import { buildSlice } from "./build.ts";
import { newSlice } from "./scaffold.ts";

Deno.test("newSlice() makes a slice that builds and passes its test offline", async () => {
  await withFolder({}, async (dir) => {
    const { artifact, files } = await newSlice("url-shortener", `${dir}/a/shop`);
    assert.equal(artifact, "org.example:url-shortener:1.0.0");
    for (const path of files) assert.ok((await Deno.stat(`${dir}/a/shop/${path}`)).isFile, path);
    const built = await buildSlice(`${dir}/a/shop`, {
      describe: describeHere,
      builtWith: "0.1.0",
      denoPath: Deno.execPath(),
    });
    assert.equal(built.manifest.artifact, artifact);
    assert.deepEqual([built.warnings, built.notices], [[], []]);
    const { http } = built.manifest.definition.methods["greet"] ?? {};
    assert.deepEqual(http, { method: "GET", path: "/url-shortener/:name", status: 200 });
    // An empty cache and no registry: whatever is missing would have to be downloaded.
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-remote", "--no-npm"],
      cwd: `${dir}/a/shop`,
      env: { DENO_DIR: `${dir}/cache`, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.ok(success, text);
    assert.match(text, /2 passed/);
  });
});

Deno.test("newSlice() writes a blueprint for the slice", async () => {
  await withFolder({}, async (dir) => {
    await newSlice("3d", dir, { group: "com.acme.shop" });
    const { value } = parseToml(await Deno.readTextFile(`${dir}/blueprint.toml`));
    const blueprint = blueprintSchema.parse(value);
    assert.equal(blueprint.slices[0]?.artifact, "com.acme.shop:3d:1.0.0");
    assert.equal(parseCoordinates(blueprint.id).name, "3d-app");
    // The name begins with a digit, which an identifier cannot.
    assert.match(await Deno.readTextFile(`${dir}/mod.ts`), /import \{ slice3dContract \}/);
  });
});

Deno.test("newSlice() writes files that deno fmt and deno lint accept", async () => {
  await withFolder({}, async (dir) => {
    await newSlice("hello", dir);
    for (const args of [["fmt", "--check"], ["lint"]]) {
      const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: dir })
        .output();
      assert.ok(success, new TextDecoder().decode(stderr));
    }
  });
});

Deno.test("newSlice() refuses a folder that is not empty", async () => {
  await withFolder({ "a.txt": "mine" }, async (dir) => {
    await assert.rejects(newSlice("hello", dir), {
      name: "FOLDER_NOT_EMPTY",
      message: /is not empty: it holds "a\.txt"/,
    });
  });
});

Deno.test("newSlice() names a folder that cannot be made", async () => {
  await withFolder({ "file": "" }, async (dir) => {
    await assert.rejects(newSlice("hello", `${dir}/file/hello`), {
      name: "FILE_UNREADABLE",
      message: /file\/hello" cannot be made/,
    });
  });
});

Deno.test("newSlice() refuses names that are not valid", async () => {
  for (const [name, group] of [["Hello", "org.example"], ["hello", "example"], ["../x", "a.b"]]) {
    await assert.rejects(newSlice(name ?? "", "/nowhere", { group: group ?? "" }), {
      name: "COORDINATES_INVALID",
      message: /cannot be the name of a slice/,
    });
  }
});
