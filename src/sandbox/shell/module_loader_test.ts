import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { sdkGlobalName } from "../../sdk/global_name.ts";
import { moduleOf, sliceOf } from "../module_fixture_test.ts";
import { loadSlice, provideSdk } from "./module_loader.ts";

provideSdk();

Deno.test("provideSdk() gives bundles an SDK that they cannot replace", () => {
  const symbol = Symbol.for(sdkGlobalName);
  const sdk = Object.getOwnPropertyDescriptor(globalThis, symbol);
  assert.deepEqual(Object.keys(sdk?.value), ["aether", "zod"]);
  assert.equal(typeof sdk?.value.aether.slice, "function");
  assert.throws(() => Object.assign(globalThis, { [symbol]: {} }), TypeError);
  assert.throws(() => Object.assign(sdk?.value, { aether: {} }), TypeError);
});

Deno.test("loadSlice() takes the default export of a module", async () => {
  const definition = await loadSlice(moduleOf(sliceOf("() => 1")));
  assert.equal(definition.contract.name, "org.example:one");
});

Deno.test("loadSlice() loads each module afresh", async () => {
  const code = moduleOf(sliceOf("() => 1"));
  assert.notEqual(await loadSlice(code), await loadSlice(code));
});

Deno.test("loadSlice() says why there is no slice", async () => {
  const cases: [string, RegExp][] = [
    ['throw new Error("No luck")', /failed to load: Error: No luck/],
    ["throw null", /failed to load: null/],
    ["export default 1", /no slice as its default export/],
    ["", /no slice as its default export/],
  ];
  for (const [code, message] of cases) {
    const error = await loadSlice(moduleOf(code)).catch((thrown) => thrown);
    assert.ok(error instanceof AetherError);
    assert.equal(error.name, "SLICE_INVALID");
    assert.match(error.message, message);
  }
});
