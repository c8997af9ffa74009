import assert from "node:assert/strict";
import { WaitingBatches } from "./waiting_batches.ts";

const bytes = (count: number) => new Uint8Array(count);
const own = { nowMs: 0, isOwn: true, isNeeded: false };
const others = { ...own, isOwn: false };
const nothing = () => false;

Deno.test("WaitingBatches.add() limits own batches and those of others each for themselves", () => {
  const waiting = new WaitingBatches({ batchesMax: 2, bytesMax: 10 });
  assert.ok(waiting.add("a/1", bytes(6), own));
  assert.ok(!waiting.add("a/2", bytes(5), own), "Too many bytes");
  assert.ok(waiting.add("a/3", bytes(4), own));
  assert.ok(!waiting.add("a/4", bytes(0), own), "Too many batches");
  assert.ok(waiting.add("b/1", bytes(10), others));
  assert.ok(!waiting.add("b/2", bytes(1), others));
  assert.ok(waiting.add("b/3", bytes(99), { ...others, isNeeded: true }), "A slot needs it");
  assert.ok(waiting.add("a/1", bytes(6), own), "It is here already");
});

Deno.test("WaitingBatches.free() gives the oldest that are not taken, within the slot's limits", () => {
  const waiting = new WaitingBatches({ batchesMax: 9, bytesMax: 999 });
  for (const digest of ["a/1", "a/2", "a/3", "a/4"]) waiting.add(digest, bytes(10), own);
  const isTaken = (digest: string) => digest === "a/1";
  assert.deepEqual(waiting.free(isTaken, { batchesMax: 2, bytesMax: 999 }), ["a/2", "a/3"]);
  assert.deepEqual(waiting.free(isTaken, { batchesMax: 9, bytesMax: 15 }), ["a/2"]);
  assert.deepEqual(waiting.free(isTaken, { batchesMax: 9, bytesMax: 1 }), ["a/2"]);
});

Deno.test("WaitingBatches.applied() keeps the bytes until the batch is released", () => {
  const waiting = new WaitingBatches({ batchesMax: 1, bytesMax: 999 });
  waiting.add("a/1", bytes(1), own);
  waiting.released("a/1");
  assert.ok(waiting.payload("a/1"), "It waits still");
  waiting.applied("a/1");
  assert.ok(waiting.payload("a/1"));
  assert.deepEqual(waiting.free(nothing, { batchesMax: 9, bytesMax: 9 }), []);
  waiting.released("a/1");
  assert.equal(waiting.payload("a/1"), undefined);
  assert.ok(waiting.add("a/2", bytes(1), own), "There is room again");
});

Deno.test("WaitingBatches.due() relays own batches again, less and less often", () => {
  const waiting = new WaitingBatches({ batchesMax: 9, bytesMax: 999 });
  waiting.add("a/1", bytes(1), own);
  waiting.add("b/1", bytes(1), others);
  const relayedAt: number[] = [];
  for (let now = 0; now <= 1_000; now += 10) {
    for (const { digest } of waiting.due(now, 60, 300)) {
      assert.equal(digest, "a/1");
      relayedAt.push(now);
    }
  }
  assert.deepEqual(relayedAt, [60, 120, 240, 480, 780]);
});

Deno.test("WaitingBatches.forgetOthers() keeps own batches and held ones", () => {
  const waiting = new WaitingBatches({ batchesMax: 9, bytesMax: 999 });
  waiting.add("a/1", bytes(1), own);
  waiting.add("b/1", bytes(1), others);
  waiting.add("b/2", bytes(1), { ...others, nowMs: 50 });
  waiting.add("b/3", bytes(1), others);
  waiting.forgetOthers(50, (digest) => digest === "b/3");
  const kept = waiting.free(nothing, { batchesMax: 9, bytesMax: 99 });
  assert.deepEqual(kept, ["a/1", "b/2", "b/3"]);
});

Deno.test("WaitingBatches.oldestOwnFree() passes over taken batches and those of others", () => {
  const waiting = new WaitingBatches({ batchesMax: 9, bytesMax: 999 });
  waiting.add("b/1", bytes(1), others);
  assert.equal(waiting.oldestOwnFree(nothing), undefined);
  waiting.add("a/1", bytes(1), { ...own, nowMs: 5 });
  waiting.add("a/2", bytes(1), { ...own, nowMs: 7 });
  assert.equal(waiting.oldestOwnFree(nothing), 5);
  assert.equal(waiting.oldestOwnFree((digest) => digest === "a/1"), 7);
});
