import assert from "node:assert/strict";
import { testSlice } from "aether";
import definition from "./mod.ts";

Deno.test("quote() adds up the prices", async () => {
  const { client } = await testSlice(definition);
  await client.setPrice({ sku: "apple", cents: 30 });
  await client.setPrice({ sku: "pear", cents: 50 });
  const items = [{ sku: "apple", count: 3 }, { sku: "pear", count: 1 }];
  assert.deepEqual(await client.quote({ items }), { cents: 140 });
  await assert.rejects(client.quote({ items: [{ sku: "fig", count: 1 }] }), { code: "NO_PRICE" });
});
