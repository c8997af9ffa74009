import assert from "node:assert/strict";
import { testSlice } from "aether";
import definition from "./mod.ts";

Deno.test("notify() writes once for each order", async () => {
  const { client, logs } = await testSlice(definition);
  await assert.rejects(client.sent({ order: "a" }), { code: "NOT_SENT" });
  const letter = { order: "a", customer: "ada@example.com", text: "Thank you" };
  await client.notify(letter);
  await client.notify(letter);
  assert.equal(logs.length, 1);
  assert.equal((await client.sent({ order: "a" })).text, "Thank you");
});
