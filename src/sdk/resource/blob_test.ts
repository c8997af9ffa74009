import assert from "node:assert/strict";
import { blob } from "./blob.ts";

Deno.test("blob() describes a need with its section", () => {
  const options = { section: "photos" };
  const expected = { kind: "resource", type: "blob", options, schema: undefined };
  assert.deepEqual(blob("photos"), expected);
  assert.throws(() => blob("Photos"), /blob\(\) has section "Photos": write/);
});
