import assert from "node:assert/strict";
import { z } from "zod";
import { kv } from "./kv.ts";

Deno.test("kv() describes a need, with the schema of its values if there is one", () => {
  assert.deepEqual(kv(), { kind: "resource", type: "kv", options: {}, schema: undefined });
  const schema = z.string();
  assert.equal(kv(schema).schema, schema);
});
