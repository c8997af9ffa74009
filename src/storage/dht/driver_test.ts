import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { ManualClock } from "../../base/clock.ts";
import type { DhtInput, DhtOutput, StorageRequest } from "../../dht/types.ts";
import { DhtDriver } from "./driver.ts";

function write(requestId: number, bytes: number): DhtOutput {
  const version = { timeMs: 1, counter: 0, writer: "a" };
  const entry = { version, value: new Uint8Array(bytes) };
  const request = {
    op: "merge",
    scope: "chunks",
    key: `k${requestId}`,
    entry,
    by: "write",
  } as const;
  return { type: "store", requestId, request };
}

/** A driver whose machine puts out what a test gives it; and what its store was asked, by turn. */
function open(clock: ManualClock) {
  let outputs: DhtOutput[] = [];
  const turns: number[] = [];
  const driver = new DhtDriver({
    machine: { step: (input: DhtInput) => input.type === "repair" ? outputs.splice(0) : [] },
    store: {
      ...{ name: "s", revision: 0, onDamaged: () => {}, scrub: () => true, close: () => {} },
      usage: () => ({ entries: 0, tombstones: 0, damaged: 0, bytes: 0 }),
      handle: (requests: readonly StorageRequest[]) => {
        turns.push(requests.length);
        return requests.map(() => ({ op: "drop" }));
      },
    },
    peers: { tell: () => {}, listen: () => {} },
    clock,
    onSettled: () => {},
    onNote: () => {},
  });
  const give = async (...given: DhtOutput[]) => {
    outputs = given;
    driver.give({ type: "repair" });
    await setImmediate();
  };
  return { driver, turns, give };
}

Deno.test("DhtDriver syncs large values that come one by one together", async () => {
  const clock = new ManualClock();
  const { driver, turns, give } = open(clock);
  for (let id = 0; id < 3; id++) await give(write(id, 65_536));
  assert.deepEqual(turns, []);
  clock.advance(10);
  assert.deepEqual(turns, [3]);
  // No more of them than are worth waiting for.
  for (let id = 0; id < 16; id++) await give(write(id, 65_536));
  assert.deepEqual(turns, [3, 16]);
  clock.advance(10);
  assert.deepEqual(turns, [3, 16]);
  driver.close();
});

Deno.test("DhtDriver lets nothing small wait", async () => {
  const clock = new ManualClock();
  const { driver, turns, give } = open(clock);
  await give(write(1, 100));
  assert.deepEqual(turns, [1]);
  await give(write(2, 65_536));
  await give({ type: "store", requestId: 3, request: { op: "read", scope: "chunks", key: "k2" } });
  assert.deepEqual(turns, [1, 2]);
  driver.close();
});
