import assert from "node:assert/strict";
import { MemoryLog } from "./log.ts";
import { keptFrom, offsetAt } from "./retention.ts";

function logOf(count: number): MemoryLog {
  const log = new MemoryLog();
  for (let offset = 0; offset < count; offset++) {
    const value = offset === 0 ? undefined : new Uint8Array(68);
    log.append([{ offset, epoch: 1, timeMs: offset * 10, key: undefined, value }]);
  }
  return log;
}

const all = { maxAgeMs: 1e9, maxBytes: 1e9, handled: 100, nowMs: 1_000 };

Deno.test("keptFrom() keeps what is young and fits", () => {
  assert.equal(keptFrom(logOf(100), all), 0);
  assert.equal(keptFrom(logOf(100), { ...all, maxAgeMs: 500 }), 50);
  const kept = keptFrom(logOf(100), { ...all, maxBytes: 5_000 });
  assert.ok(kept >= 49 && kept <= 51, `It keeps from ${kept}`);
});

Deno.test("keptFrom() never forgets what somebody has not handled", () => {
  assert.equal(keptFrom(logOf(100), { ...all, maxAgeMs: 1, handled: 7 }), 7);
  assert.equal(keptFrom(logOf(100), { ...all, maxBytes: 1, handled: 0 }), 0);
});

Deno.test("offsetAt() finds the first message of a time", () => {
  const log = logOf(100);
  assert.deepEqual([offsetAt(log, 0), offsetAt(log, 300), offsetAt(log, 301)], [0, 30, 31]);
  assert.equal(offsetAt(log, 1e9), 100);
});
