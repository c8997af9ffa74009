import assert from "node:assert/strict";
import { testSlice } from "aether";
import definition from "./mod.ts";

const apples = [{ sku: "apple", count: 2 }];
const order = { id: "a-1", customer: "ada@example.com", items: apples };

/** The slices that orders calls, as functions that write down their calls. */
function shop(calls: string[], charge: () => Promise<{ charge: string }>) {
  const note = (name: string) => () => {
    calls.push(name);
    return Promise.resolve({});
  };
  return {
    pricing: {
      setPrice: () => Promise.reject(new Error("Not called")),
      quote: () => Promise.resolve({ cents: 60 }),
    },
    inventory: {
      setStock: () => Promise.reject(new Error("Not called")),
      stock: () => Promise.reject(new Error("Not called")),
      reserve: note("reserve"),
      release: note("release"),
      take: note("take"),
    },
    payment: { charge },
  };
}

Deno.test("place() goes through all steps, once for each id", async () => {
  const calls: string[] = [];
  const { client, published } = await testSlice(
    definition,
    shop(calls, () => Promise.resolve({ charge: "c-1" })),
  );
  const placed = { id: "a-1", customer: "ada@example.com", cents: 60, charge: "c-1" };
  assert.deepEqual(await client.place(order), placed);
  assert.deepEqual(await client.place(order), placed);
  assert.deepEqual(calls, ["reserve", "take"]);
  assert.deepEqual(published.map(({ key }) => key), ["a-1"]);
  assert.deepEqual(await client.find({ id: "a-1" }), placed);
});

Deno.test("place() gives back what it kept when the bank declines", async () => {
  const calls: string[] = [];
  const { payment } = await import("../payment/contract.ts");
  const declined = payment.errors.DECLINED("No", { reason: "limit" });
  const { client } = await testSlice(definition, shop(calls, () => Promise.reject(declined)));
  await assert.rejects(client.place(order), { code: "REJECTED", data: { reason: "DECLINED" } });
  assert.deepEqual(calls, ["reserve", "release"]);
  await assert.rejects(client.find({ id: "a-1" }), { code: "ORDER_NOT_FOUND" });
});
