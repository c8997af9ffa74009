import assert from "node:assert/strict";
import { z } from "zod";
import { ManualClock } from "../../../base/clock.ts";
import { createLogger } from "../../logger.ts";
import { cache } from "../../resource/cache.ts";
import type { Placed } from "../fake.ts";
import { fakeCache, type FakeCacheOptions } from "./fake_cache.ts";

function placed(options: FakeCacheOptions = {}) {
  const clock = new ManualClock();
  const fake = fakeCache<number>(options);
  (fake as unknown as Placed).place({
    name: "it",
    need: cache("it", z.number()),
    clock,
    log: createLogger(() => {}),
    holds: () => false,
  });
  return { fake, clock };
}

Deno.test("fakeCache() keeps values for their time and checks them", async () => {
  const { fake, clock } = placed({ ttlMs: 100 });
  await fake.put("a", 1);
  await fake.put("b", 2, { ttlMs: 50 });
  await assert.rejects(fake.put("c", "x" as never), /expected number/);
  await assert.rejects(fake.get(""), { name: "KEY_INVALID" });
  clock.advance(50);
  assert.deepEqual([await fake.get("a"), await fake.get("b")], [1, undefined]);
  clock.advance(50);
  assert.equal(await fake.get("a"), undefined);
  const { hits, misses, entries } = await fake.figures();
  assert.deepEqual([hits, misses, entries], [1, 2, 0]);
  await fake.put("a", 1);
  fake.clear();
  assert.equal(await fake.get("a"), undefined);
});

Deno.test("fakeCache() computes once, and gives a failure to all without keeping it", async () => {
  const { fake } = placed();
  let computed = 0;
  const fails = () => Promise.reject(new Error(`Failure ${++computed}`));
  const failed = await Promise.allSettled([1, 2].map(() => fake.getOrCompute("a", fails)));
  assert.deepEqual(failed.map(({ status }) => status), ["rejected", "rejected"]);
  assert.equal(computed, 1);
  const values = await Promise.all([1, 2].map(() => fake.getOrCompute("a", () => ++computed)));
  assert.deepEqual(values, [2, 2]);
  assert.equal(await fake.getOrCompute("a", fails), 2);
  const { hits, misses, shared } = await fake.figures();
  assert.deepEqual([hits, misses, shared], [1, 2, 2]);
});

Deno.test("fakeCache() does not keep what was computed before a removal", async () => {
  const { fake } = placed();
  const gate = Promise.withResolvers<number>();
  const waiting = fake.getOrCompute("a", () => gate.promise);
  await fake.delete("a");
  gate.resolve(1);
  assert.equal(await waiting, 1);
  assert.equal(await fake.get("a"), undefined);
});

Deno.test("fakeCache() refuses the times that a node refuses, also for a value that it has", async () => {
  const { fake } = placed();
  await fake.put("a", 1);
  for (const ttlMs of [Infinity, 60_000 / 7, 0]) {
    const refusal = { name: "REQUEST_INVALID", message: new RegExp(`^The ttlMs ${ttlMs} is `) };
    await assert.rejects(fake.getOrCompute("a", () => 2, { ttlMs }), refusal);
    await assert.rejects(fake.put("a", 2, { ttlMs }), refusal);
  }
  assert.equal(await fake.get("a"), 1);
});
