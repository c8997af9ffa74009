import assert from "node:assert/strict";
import { fakeHttp, testCluster, withFakes } from "aether";
import { inventory } from "./inventory/contract.ts";
import { notification } from "./notification/contract.ts";
import { orders } from "./orders/contract.ts";
import { pricing } from "./pricing/contract.ts";
import inventorySlice from "./inventory/mod.ts";
import notificationSlice from "./notification/mod.ts";
import ordersSlice from "./orders/mod.ts";
import paymentSlice from "./payment/mod.ts";
import pricingSlice from "./pricing/mod.ts";

/** All five slices, with a bank that takes amounts up to a limit. */
async function openShop(limitCents = 10_000) {
  const bank = fakeHttp(({ json }) => {
    const { order, cents } = json as { order: string; cents: number };
    if (cents > limitCents) return { status: 402, json: { detail: "limit" } };
    return { json: { id: `charge-${order}` } };
  });
  const cluster = await testCluster([
    withFakes(ordersSlice, {}, { instances: 2 }),
    withFakes(paymentSlice, { bank }),
    inventorySlice,
    notificationSlice,
    pricingSlice,
  ]);
  await cluster.client(pricing).setPrice({ sku: "apple", cents: 30 });
  await cluster.client(inventory).setStock({ sku: "apple", count: 5 });
  return { cluster, bank };
}

const order = { id: "a-1", customer: "ada@example.com", items: [{ sku: "apple", count: 2 }] };

Deno.test("an order is placed through all five slices, however often it is sent", async () => {
  const { cluster, bank } = await openShop();
  const client = cluster.client(orders);
  for (let time = 0; time < 2; time++) {
    assert.deepEqual(await client.place(order), {
      id: "a-1",
      customer: "ada@example.com",
      cents: 60,
      charge: "charge-a-1",
    });
  }
  assert.equal(bank.requests.length, 1);
  const stock = await cluster.client(inventory).stock({ sku: "apple" });
  assert.deepEqual(stock, { sku: "apple", count: 3, free: 3 });
  await cluster.advance(0);
  const letter = await cluster.client(notification).sent({ order: "a-1" });
  assert.equal(letter.text, "Your order a-1 is placed");
});

Deno.test("a declined order keeps nothing back", async () => {
  const { cluster } = await openShop(50);
  await assert.rejects(cluster.client(orders).place(order), {
    code: "REJECTED",
    data: { reason: "DECLINED" },
  });
  const stock = await cluster.client(inventory).stock({ sku: "apple" });
  assert.deepEqual(stock, { sku: "apple", count: 5, free: 5 });
});

Deno.test("ten orders at once never sell more than there is", async () => {
  const { cluster } = await openShop();
  const client = cluster.client(orders);
  const ends = await Promise.allSettled(
    Array.from({ length: 10 }, (_, n) => client.place({ ...order, id: `a-${n}` })),
  );
  assert.equal(ends.filter(({ status }) => status === "fulfilled").length, 2);
  const stock = await cluster.client(inventory).stock({ sku: "apple" });
  assert.deepEqual(stock, { sku: "apple", count: 1, free: 1 });
});
