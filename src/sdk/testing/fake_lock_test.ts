import assert from "node:assert/strict";
import { z } from "zod";
import { contract, method } from "../contract.ts";
import { lock } from "../resource/lock.ts";
import { slice } from "../slice.ts";
import { fakeLock } from "./fake_lock.ts";
import { testSlice } from "./test_slice.ts";

Deno.test("fakeLock() hands a lock on, with growing tokens", async () => {
  const locks = fakeLock();
  const first = await locks.acquire("a");
  await assert.rejects(locks.acquire("a"), { name: "LOCK_HELD" });
  const waiting = locks.acquire("a", { waitMs: 10 });
  await first.release();
  const second = await waiting;
  assert.ok(second.token > first.token);
  await first.release();
  await assert.rejects(locks.acquire("a"), { name: "LOCK_HELD" }, "an old holder frees nothing");
  assert.equal(await locks.run("b", ({ name }) => name), "b");
});

Deno.test("fakeLock() aborts the signal of who loses a lock", async () => {
  const locks = fakeLock();
  const held = await locks.acquire("a");
  locks.lose("a");
  locks.lose("nobody holds it");
  assert.equal(held.signal.aborted, true);
  await locks.acquire("a");
});

Deno.test("fakeLock() waits on the clock of the test", async () => {
  const locks = fakeLock();
  const waits = contract("org.example:waits", {
    take: method({ input: z.int(), output: z.boolean() }),
  });
  const tested = await testSlice(
    slice(waits, {
      needs: { locks: lock() },
      create: ({ locks }) => ({
        take: async (waitMs) => (await locks.acquire("a", { waitMs })).token > 0,
      }),
    }),
    { locks },
  );
  const held = await locks.acquire("a");
  const refused = assert.rejects(tested.client.take(50), { name: "LOCK_HELD" });
  await tested.advance(50);
  await refused;
  const taken = tested.client.take(50);
  await tested.advance(49);
  await held.release();
  assert.equal(await taken, true);
});
