import assert from "node:assert/strict";
import { DecidedLog } from "./decided_log.ts";

const batch = (digest: string, bytes = 1) => ({ digest, payload: new Uint8Array(bytes) });

function logOf(...digests: string[]): DecidedLog {
  const log = new DecidedLog(10);
  for (const [index, digest] of digests.entries()) {
    log.decide(10 + index, digest);
    log.apply([batch(digest)]);
  }
  return log;
}

Deno.test("DecidedLog.apply() takes the next slot only, when it is decided", () => {
  const log = new DecidedLog(10);
  log.decide(11, "b/1");
  assert.throws(() => log.apply([batch("b/1")]), /not decided/);
  log.decide(10, "a/1 a/2");
  assert.throws(() => log.apply([batch("a/2"), batch("a/1")]), /another one/);
  assert.equal(log.apply([batch("a/1"), batch("a/2")]).slot, 10);
  assert.equal(log.next, 11);
  assert.equal(log.highest, 11);
});

Deno.test("DecidedLog.decide() refuses a second value", () => {
  const log = logOf("a/1");
  assert.equal(log.decide(10, "a/1"), false);
  assert.throws(() => log.decide(10, "a/2"), /two ways/);
  assert.equal(log.decide(3, "a/3"), false);
});

Deno.test("DecidedLog.read() stops at the limits, after one entry at least", () => {
  const log = logOf("a/1", "a/2", "a/3");
  const slots = (entriesMax: number, bytesMax: number) =>
    log.read(10, entriesMax, bytesMax)?.map(({ slot }) => slot);
  assert.deepEqual(slots(2, 100), [10, 11]);
  assert.deepEqual(slots(9, 2), [10, 11]);
  assert.deepEqual(slots(9, 0), [10]);
  assert.deepEqual(log.read(13, 9, 9), []);
  assert.equal(log.read(9, 9, 9), undefined);
});

Deno.test("DecidedLog.compact() forgets entries and their batches", () => {
  const log = logOf("a/1", "a/2", "a/1");
  log.compact(12);
  assert.equal(log.start, 12);
  assert.equal(log.next, 13);
  assert.equal(log.payloadOf("a/2"), undefined);
  assert.ok(log.payloadOf("a/1"), "It was decided again in a slot that is kept");
  log.compact(99);
  assert.equal(log.start, 13);
  assert.equal(log.payloadOf("a/1"), undefined);
});

Deno.test("DecidedLog.restart() goes on after a snapshot and keeps what is decided beyond", () => {
  const log = logOf("a/1");
  log.decide(12, "a/2");
  log.decide(20, "a/3");
  log.restart(20);
  assert.equal(log.next, 20);
  assert.ok(log.isDecided(12) && log.valueAt(12) === undefined);
  assert.equal(log.apply([batch("a/3")]).slot, 20);
  assert.throws(() => log.restart(20), /never goes back/);
});
