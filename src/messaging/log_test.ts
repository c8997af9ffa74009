import assert from "node:assert/strict";
import { InvariantError } from "../base/assert.ts";
import type { LogEntry } from "../protocol/messaging/entry.ts";
import { entryBytes, MemoryLog } from "./log.ts";

function entry(offset: number, epoch = 1): LogEntry {
  return { offset, epoch, timeMs: 1_000, key: "k", value: new Uint8Array(67) };
}

function logOf(...epochs: number[]): MemoryLog {
  const log = new MemoryLog();
  log.append(epochs.map((epoch, offset) => entry(offset, epoch)));
  return log;
}

function offsets(log: MemoryLog, from: number, maxBytes = Infinity): number[] {
  return log.read(from, maxBytes).map(({ offset }) => offset);
}

Deno.test("MemoryLog.append() takes the next offset and no other", () => {
  const log = logOf(1, 1);
  assert.deepEqual([log.first, log.end, log.durableEnd], [0, 2, 2]);
  assert.throws(() => log.append([entry(3)]), InvariantError);
  assert.throws(() => log.append([entry(1)]), InvariantError);
});

Deno.test("MemoryLog.read() gives one entry at least, then as many as fit", () => {
  const log = logOf(1, 1, 1);
  assert.equal(entryBytes(entry(0)), 100);
  assert.deepEqual(offsets(log, 0, 200), [0, 1]);
  assert.deepEqual(offsets(log, 1, 1), [1]);
  assert.deepEqual(offsets(log, 3), []);
});

Deno.test("MemoryLog knows the runs of epochs, for a follower that went another way", () => {
  const log = logOf(1, 1, 4, 4, 4, 6);
  assert.deepEqual([0, 1, 2, 4, 5, 6].map((offset) => log.epochAt(offset)), [1, 1, 4, 4, 6, 0]);
  assert.deepEqual([1, 4, 5].map((offset) => log.epochStart(offset)), [0, 2, 5]);
});

Deno.test("MemoryLog counts the bytes of what it keeps", () => {
  const log = logOf(1, 1, 1, 1);
  log.truncate(3);
  assert.deepEqual([log.end, log.bytes], [3, 300]);
  log.dropBefore(1);
  assert.equal(log.first, 0, "less than half is not worth it");
  log.dropBefore(2);
  assert.deepEqual([log.first, log.end, log.bytes], [2, 3, 100]);
  assert.deepEqual(offsets(log, 0), [2]);
  log.reset(9);
  assert.deepEqual([log.first, log.end, log.bytes], [9, 9, 0]);
});

Deno.test("MemoryLog is blank until it is filled, and never promises less", () => {
  const log = new MemoryLog();
  assert.equal(log.isBlank, true);
  log.promise(5);
  log.promise(3);
  log.fill();
  assert.deepEqual([log.promised, log.isBlank], [5, false]);
});
