import assert from "node:assert/strict";
import { testSlice } from "aether";
import analytics from "./mod.ts";

Deno.test("analytics counts visits per link", async () => {
  const { client, stop } = await testSlice(analytics);
  assert.deepEqual(await client.stats({ code: "a" }), { code: "a", visits: 0 });
  await client.record({ code: "a" });
  assert.deepEqual(await client.record({ code: "a" }), { visits: 2 });
  assert.deepEqual(await client.stats({ code: "a" }), { code: "a", visits: 2 });
  assert.deepEqual(await client.stats({ code: "b" }), { code: "b", visits: 0 });
  await stop();
});

Deno.test("analytics loses no visit when many come at once", async () => {
  const { client, stop } = await testSlice(analytics);
  await Promise.all(Array.from({ length: 10 }, () => client.record({ code: "a" })));
  assert.equal((await client.stats({ code: "a" })).visits, 10);
  await stop();
});
