import assert from "node:assert/strict";
import { Group } from "./group.ts";
import { MemoryLog } from "./log.ts";

const cause = { code: "E1", message: "No" };

function world(keys: readonly (string | undefined)[], concurrency = 4) {
  const log = new MemoryLog();
  log.append(keys.map((key, offset) => ({
    offset,
    epoch: 1,
    timeMs: 0,
    key,
    value: Uint8Array.of(offset),
  })));
  const waitMs = (kind: string, count: number) => (kind === "failed" ? 100 : 10) * count;
  const group = new Group(0, { maxAttempts: 2, concurrency, waitMs });
  const take = (nowMs: number) =>
    group.take(nowMs, log.end, (from, bytes) => log.read(from, bytes));
  const offsets = (nowMs: number) => take(nowMs).map(({ entry }) => entry.offset);
  return { group, take, offsets };
}

Deno.test("Group hands out one message of a key at a time, others beside it", () => {
  const { group, take, offsets } = world(["a", "a", "b", undefined, "a"]);
  const first = take(0);
  assert.deepEqual(first.map(({ entry }) => entry.offset), [0, 2, 3]);
  assert.deepEqual(offsets(0), []);
  const [a] = first;
  assert.ok(a !== undefined);
  group.settle(a, { kind: "handled" }, 0);
  assert.equal(group.next, 1);
  assert.deepEqual(offsets(0), [1]);
  assert.equal(group.lag(5), 4);
});

Deno.test("Group tries again later, keeps the key waiting, and gives up after maxAttempts", () => {
  const { group, take, offsets } = world(["a", "a"]);
  const [one] = take(0);
  assert.ok(one !== undefined);
  assert.equal(group.settle(one, { kind: "failed", cause }, 5), undefined);
  assert.deepEqual(offsets(50), []);
  assert.equal(group.dueAtMs, 105);
  const [again] = take(105);
  assert.deepEqual([again?.entry.offset, again?.attempt], [0, 2]);
  assert.ok(again !== undefined);
  const dead = group.settle(again, { kind: "failed", cause }, 120);
  assert.deepEqual([dead?.attempts, dead?.firstAttemptAtMs, dead?.lastAttemptAtMs], [2, 5, 120]);
  assert.equal(group.next, 0);
  assert.deepEqual(offsets(999), []);
  assert.ok(dead !== undefined);
  group.bury(dead);
  assert.equal(group.next, 1);
  assert.deepEqual(offsets(999), [1]);
  assert.deepEqual(group.counts, { handled: 0, failed: 2, dead: 1, repeated: 1 });
});

Deno.test("Group counts no attempt when nothing took the message", () => {
  const { group, take } = world(["a"]);
  for (let i = 0; i < 10; i++) {
    const [delivery] = take(i * 1_000);
    assert.equal(delivery?.attempt, 1);
    assert.ok(delivery !== undefined);
    group.settle(delivery, { kind: "unreached" }, i * 1_000);
  }
  assert.equal(group.next, 0);
});

Deno.test("Group.seek() goes on elsewhere and forgets what is under way", () => {
  const { group, take, offsets } = world(["a", "b", "c"], 2);
  const [one, two] = take(0);
  assert.ok(one !== undefined && two !== undefined);
  group.settle(one, { kind: "handled" }, 0);
  group.seek(2);
  group.settle(two, { kind: "handled" }, 0);
  assert.equal(group.next, 2);
  group.seek(0);
  assert.deepEqual(offsets(0), [0, 1]);
});
