import assert from "node:assert/strict";
import { testSlice } from "aether";
import definition from "./mod.ts";

const two = [{ sku: "apple", count: 2 }];

Deno.test("reserve(), take() and release() can be repeated", async () => {
  const { client } = await testSlice(definition);
  await client.setStock({ sku: "apple", count: 5 });
  for (let time = 0; time < 2; time++) await client.reserve({ order: "a", items: two });
  await client.reserve({ order: "b", items: two });
  assert.deepEqual(await client.stock({ sku: "apple" }), { sku: "apple", count: 5, free: 1 });
  for (let time = 0; time < 2; time++) await client.take({ order: "a", items: two });
  for (let time = 0; time < 2; time++) await client.release({ order: "b", items: two });
  assert.deepEqual(await client.stock({ sku: "apple" }), { sku: "apple", count: 3, free: 3 });
});

Deno.test("reserve() answers SOLD_OUT, and many at once never keep more than there is", async () => {
  const { client } = await testSlice(definition);
  await client.setStock({ sku: "apple", count: 5 });
  const ends = await Promise.allSettled(
    ["a", "b", "c", "d"].map((order) => client.reserve({ order, items: two })),
  );
  assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 2);
  await assert.rejects(client.reserve({ order: "e", items: two }), {
    code: "SOLD_OUT",
    data: { sku: "apple", free: 1 },
  });
});

Deno.test("what an order never takes is free again after half an hour", async () => {
  const { client, advance, fire, failedFires } = await testSlice(definition);
  await client.setStock({ sku: "apple", count: 5 });
  const free = async () => (await client.stock({ sku: "apple" })).free;
  await advance("10m");
  await client.reserve({ order: "a", items: two });
  await advance("10m");
  await client.reserve({ order: "b", items: two });
  assert.equal(await free(), 1);
  await advance("10m");
  assert.equal(await free(), 3, "That of a is free, that of b not yet");
  await fire.expire({ id: "again" });
  await client.reserve({ order: "c", items: two });
  await fire.expire({ id: "again", attempt: 2 });
  assert.equal(await free(), 3, "A fire that comes again does its work once");
  assert.deepEqual(failedFires, []);
});
