import assert from "node:assert/strict";
import { z } from "zod";
import { cache } from "./cache.ts";

Deno.test("cache() describes a need with its section and schema", () => {
  const schema = z.string();
  const options = { section: "weather" };
  assert.deepEqual(cache("weather", schema), { kind: "resource", type: "cache", options, schema });
  assert.equal(cache("weather").schema, undefined);
  assert.throws(() => cache("a/b"), /cache\(\) has section "a\/b": write/);
});
