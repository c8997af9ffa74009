import assert from "node:assert/strict";
import { testSlice } from "aether";
import definition from "./mod.ts";

Deno.test("onPlaced() writes once for each order", async () => {
  const { client, deliver, logs } = await testSlice(definition);
  await assert.rejects(client.sent({ order: "a" }), { code: "NOT_SENT" });
  const message = { order: "a", customer: "ada@example.com", cents: 60 };
  await deliver.onPlaced(message);
  await deliver.onPlaced(message, { attempt: 2 });
  assert.equal(logs.length, 1);
  assert.equal((await client.sent({ order: "a" })).text, "Your order a is placed");
});
