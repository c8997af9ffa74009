import assert from "node:assert/strict";
import { buildInfo } from "../io/entry.ts";
import { sliceTools } from "./tools.ts";

Deno.test("sliceTools() from source checks types with this Deno and the npm esbuild", () => {
  const tools = sliceTools();
  assert.equal(tools.builtWith, buildInfo().version);
  assert.equal(tools.denoPath, Deno.execPath());
  assert.equal(tools.esbuildPath, undefined);
  assert.equal(tools.sdkPath, undefined);
});
