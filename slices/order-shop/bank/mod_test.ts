import assert from "node:assert/strict";
import { testSlice } from "aether";
import definition from "./mod.ts";

Deno.test("charge() takes amounts up to the limit", async () => {
  const { client } = await testSlice(definition);
  assert.deepEqual(await client.charge({ order: "a", cents: 10_000 }), { id: "charge-a" });
  await assert.rejects(client.charge({ order: "a", cents: 10_001 }), { code: "LIMIT_EXCEEDED" });
});
