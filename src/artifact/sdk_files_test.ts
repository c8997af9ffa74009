import assert from "node:assert/strict";
import { withFolder } from "../../tests/fixtures/slices/temporary.ts";
import { collectSdkFiles, restoreSdk, sdkFiles, sdkImports, writeSdk } from "./sdk_files.ts";

Deno.test("collectSdkFiles() takes what mod.ts needs and nothing that is not there", async () => {
  const files = await collectSdkFiles();
  for (const path of ["mod.ts", "src/sdk/slice.ts", "zod/index.js", "zod/index.d.ts"]) {
    assert.ok(files[path] !== undefined, path);
  }
  assert.equal(files["src/artifact/sdk_files.ts"], undefined);
  assert.match(files["zod/index.js"] ?? "", /^\/\/ @ts-self-types="\.\/index\.d\.ts"\n/);
  assert.ok(JSON.stringify(files).length < 1024 * 1024, "The SDK stays small");
  for (const [path, text] of Object.entries(files)) {
    if (!/\.(ts|js)$/.test(path)) continue;
    for (const [, specifier = ""] of text.matchAll(/^[^*\n]*\bfrom "([^"]+)"/gm)) {
      if (specifier === "node:async_hooks") continue;
      assert.match(specifier, /^\./, `${path} imports ${specifier}`);
      const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
      assert.ok(files[target] !== undefined, `${path} imports ${specifier}`);
    }
  }
});

Deno.test("writeSdk() writes the files that the import map names", async () => {
  await withFolder({}, async (dir) => {
    await writeSdk(dir);
    for (const path of Object.values(sdkImports)) {
      assert.ok((await Deno.stat(`${dir}/${path}`)).isFile, path);
    }
  });
});

Deno.test("sdkFiles() reads the packed files of a packaged aether", async () => {
  await withFolder({ "sdk.json": '{"mod.ts":"export {};\\n"}' }, async (dir) => {
    assert.deepEqual(await sdkFiles(`${dir}/sdk.json`), { "mod.ts": "export {};\n" });
    await writeSdk(dir, `${dir}/sdk.json`);
    assert.equal(await Deno.readTextFile(`${dir}/.aether/sdk/mod.ts`), "export {};\n");
  });
});

Deno.test("restoreSdk() writes only what is not current", async () => {
  await withFolder({ "sdk.json": '{"mod.ts":"new"}' }, async (dir) => {
    const sdk = `${dir}/sdk.json`;
    const written = `${dir}/.aether/sdk/mod.ts`;
    await restoreSdk(dir, sdk);
    assert.equal(await Deno.readTextFile(written), "new");
    // A current stamp means that nothing is written again.
    await Deno.writeTextFile(written, "changed");
    await restoreSdk(dir, sdk);
    assert.equal(await Deno.readTextFile(written), "changed");
    await Deno.writeTextFile(sdk, '{"mod.ts":"newer"}');
    await restoreSdk(dir, sdk);
    assert.equal(await Deno.readTextFile(written), "newer");
  });
});
