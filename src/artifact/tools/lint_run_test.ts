import assert from "node:assert/strict";
import { goodSlice, withFolder } from "../../../tests/fixtures/slices/temporary.ts";
import { lintSlice } from "./lint_run.ts";

const options = { denoPath: Deno.execPath() };

Deno.test("lintSlice() finds nothing in a good slice", async () => {
  await withFolder(goodSlice, async (dir) => {
    assert.deepEqual(await lintSlice(dir, options), []);
  });
});

Deno.test("lintSlice() names file, line, rule and what to do, in order", async () => {
  const files = {
    ...goodSlice,
    "slice.toml": 'artifact = "org.example:good:1.0.0"\n[permissions]\nsys = ["hostname"]\n',
    "extra.ts": 'export const a: any = 1;\nexport const b = () => fetch("https://a.example/x");\n',
    "broken.ts": "throw (",
    "z.ts": 'export let count = 0;\nconsole.log(Deno.env.get("A"));\n',
  };
  await withFolder(files, async (dir) => {
    const found = await lintSlice(dir, options);
    const shown = found.map(({ path, line, rule }) => `${path}:${line} ${rule}`);
    assert.deepEqual(shown.slice(0, 4), [
      "slice.toml:3 aether-slice/permission-unused",
      "broken.ts:undefined syntax",
      "extra.ts:1 no-explicit-any",
      "extra.ts:2 aether-slice/permission-missing",
    ]);
    assert.deepEqual([...new Set(shown.slice(4))].sort(), [
      "z.ts:1 aether-slice/no-module-state",
      "z.ts:1 prefer-const",
      "z.ts:2 aether-slice/no-top-level-effects",
      "z.ts:2 aether-slice/permission-missing",
      "z.ts:2 aether-slice/use-log",
    ]);
    const fetching = found.find(({ path, line }) => path === "extra.ts" && line === 2);
    assert.match(fetching?.message ?? "", /Write net = \["a\.example:443"\] under \[permissions\]/);
  });
});

Deno.test("lintSlice() says where there is no linter", async () => {
  await withFolder(goodSlice, async (dir) => {
    await assert.rejects(lintSlice(dir, { denoPath: undefined }), { name: "NOT_BUILT" });
  });
});
