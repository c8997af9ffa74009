import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { Locks } from "./locks.ts";
import { LogClock } from "./log_clock.ts";
import { elect, MemoryStore, recordingLogger, turn } from "./store_fixture_test.ts";

class BarrierStore extends MemoryStore {
  readBarrier(): Promise<void> {
    return Promise.resolve();
  }
}

function setUp() {
  const store = new BarrierStore();
  const clock = new ManualClock();
  return { store, clock, locks: new Locks({ store, clock }) };
}

const wish = (lease: string) => ({ name: "jobs/a", holder: `h-${lease}`, ttlMs: 2_000, lease });

Deno.test("Locks.acquire() lets one in, names it to the others, and gives greater tokens", async () => {
  const { locks } = setUp();
  const token = await locks.acquire(wish("l1"), 0);
  await assert.rejects(locks.acquire(wish("l2"), 0), {
    name: "LOCK_HELD",
    message: `Lock "jobs/a" is held by "h-l1" (token ${token})`,
  });
  assert.deepEqual(locks.list("jobs/"), [
    { name: "jobs/a", holder: "h-l1", token, ttlMs: 2_000 },
  ]);
  await locks.release("jobs/a", { lease: "l1", token });
  assert.ok(await locks.acquire(wish("l2"), 0) > token);
});

Deno.test("Locks.acquire() gives the same token to a repeated request", async () => {
  const { locks } = setUp();
  const token = await locks.acquire(wish("l1"), 0);
  assert.equal(await locks.acquire(wish("l1"), 0), token);
});

Deno.test("Locks.acquire() waits until the lock is free, or its time is over", async () => {
  const { locks, clock } = setUp();
  const token = await locks.acquire(wish("l1"), 0);
  const second = locks.acquire(wish("l2"), 1_000);
  const third = locks.acquire(wish("l3"), 500);
  await turn();
  clock.advance(500);
  await assert.rejects(third, { name: "LOCK_HELD" });
  await locks.release("jobs/a", { lease: "l1" });
  assert.ok(await second > token);
});

Deno.test("Locks.renew() and release() refuse whoever does not hold the lock", async () => {
  const { locks } = setUp();
  const token = await locks.acquire(wish("l1"), 0);
  for (
    const proof of [{ lease: "l1", token: token + 1 }, { lease: "l2" }, { lease: "l2", token }]
  ) {
    await assert.rejects(locks.renew("jobs/a", proof), { name: "LOCK_LOST" });
    await assert.rejects(locks.release("jobs/a", proof), { name: "LOCK_LOST" });
  }
  await locks.renew("jobs/a", { lease: "l1", token });
  await assert.rejects(locks.acquire({ ...wish("l1"), name: "a\nb" }, 0), { name: "KEY_INVALID" });
});

Deno.test("LogClock frees a lock that is not renewed, but never before its time", async () => {
  const { store, clock, locks } = setUp();
  const term = elect(store, "n1");
  const { log } = recordingLogger();
  const logClock = new LogClock({
    store,
    clock,
    log,
    leadership: () => ({ node: "n1", term }),
  });
  await locks.acquire(wish("l1"), 0);
  let heldMs = 0;
  while (locks.list("").length > 0 && heldMs < 10_000) {
    clock.advance(100);
    heldMs += 100;
    await turn();
  }
  assert.ok(heldMs > 2_000 && heldMs <= 4_500, `${heldMs}`);
  const { timeMs } = store.state;
  clock.advance(5_000);
  await turn();
  assert.equal(store.state.timeMs, timeMs, "nothing needs time any more");
  logClock.stop();
});
