import assert from "node:assert/strict";
import { parseCoordinates } from "../protocol/coordinates.ts";
import { below, goodSlice, withFolder } from "../../tests/fixtures/slices/temporary.ts";
import { contentHash, devVersion, listSliceFiles } from "./slice_folder.ts";

Deno.test("listSliceFiles() lists sources, without what tools write", async () => {
  const tools = {
    ".git/HEAD": "x",
    ".aether/sdk/mod.ts": "x",
    "node_modules/a/index.js": "x",
    "old-1.0.0.slice": "x",
    // Editors lock files with links.
    ".#mod.ts": { link: "nobody@nowhere" },
  };
  await withFolder({ ...goodSlice, ...tools, "data/a.json": "{}" }, async (dir) => {
    const paths = (await listSliceFiles(dir)).map((file) => file.path);
    assert.deepEqual(paths, ["contract.ts", "data/a.json", "mod.ts", "slice.toml"]);
  });
});

Deno.test("listSliceFiles() names every symbolic link", async () => {
  const links = { "link.ts": { link: "mod.ts" }, "data/up": { link: "../.." } };
  await withFolder({ ...goodSlice, ...links }, async (dir) => {
    await assert.rejects(listSliceFiles(dir), (error: Error & { issues: { path: string }[] }) => {
      assert.equal(error.name, "SLICE_INVALID");
      assert.match(error.message, /Symbolic links are not allowed in a slice/);
      assert.deepEqual(error.issues.map((issue) => issue.path).sort(), ["data/up", "link.ts"]);
      return true;
    });
  });
});

Deno.test("listSliceFiles() refuses files over 64 MiB", async () => {
  await withFolder(goodSlice, async (dir) => {
    await Deno.writeFile(`${dir}/large.bin`, new Uint8Array());
    await Deno.truncate(`${dir}/large.bin`, 64 * 1024 * 1024 + 1);
    await assert.rejects(listSliceFiles(dir), {
      name: "SLICE_INVALID",
      message: /large\.bin: The file has 67108865 bytes; the limit is 67108864/,
    });
  });
});

Deno.test("listSliceFiles() names a folder that does not exist", async () => {
  await assert.rejects(listSliceFiles("/nowhere/at/all"), {
    name: "FILE_UNREADABLE",
    message: /"\/nowhere\/at\/all" cannot be read/,
  });
});

Deno.test("contentHash() is the same for the same sources, wherever they are", async () => {
  await withFolder({ ...below("one", goodSlice), ...below("two", goodSlice) }, async (dir) => {
    const hash = await contentHash(`${dir}/one`);
    assert.equal(hash, await contentHash(`${dir}/two`));
    assert.match(hash, /^h[0-9a-f]{11}$/);
    assert.notEqual(hash, await contentHash(`${dir}/two`, "0.2.0"));
    await Deno.writeTextFile(`${dir}/two/mod.ts`, `${goodSlice["mod.ts"]}// more\n`);
    assert.notEqual(hash, await contentHash(`${dir}/two`));
  });
});

Deno.test("contentHash() changes with a contract that is imported from another slice", async () => {
  const files = {
    "shop/mod.ts": 'import { stock } from "../stock/contract.ts";\n',
    "stock/contract.ts": 'import "../base/contract.ts";\n',
    "base/contract.ts": "export {};\n",
  };
  await withFolder(files, async (dir) => {
    const before = await contentHash(`${dir}/shop`);
    await Deno.writeTextFile(`${dir}/base/contract.ts`, "export const a = 1;\n");
    assert.notEqual(before, await contentHash(`${dir}/shop`));
  });
});

Deno.test("devVersion() is a valid version and replaces an older pre-release", () => {
  const version = devVersion("1.2.3-dev.habc", "h01234567890");
  assert.equal(version, "1.2.3-dev.h01234567890");
  assert.equal(parseCoordinates(`org.example:echo:${version}`).version, version);
});
