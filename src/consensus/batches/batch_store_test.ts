import assert from "node:assert/strict";
import type { Digest } from "../../protocol/consensus/message.ts";
import { engineDefaults } from "../types.ts";
import { BatchStore } from "./batch_store.ts";

const payload = Uint8Array.of(1);

/** A store beside a log that has applied some batches. */
function storeBeside(log: Map<Digest, Uint8Array>): BatchStore {
  return new BatchStore({ ...engineDefaults, appliedPayload: (digest) => log.get(digest) });
}

Deno.test("BatchStore.hold() keeps an applied batch that a later slot needs, whatever the log does", () => {
  const log = new Map([["a/1", payload]]);
  const store = storeBeside(log);
  store.hold(36, ["a/1"]);
  log.clear();
  assert.deepEqual(store.payloadOf("a/1"), payload);
  assert.deepEqual(store.free(), [], "It is not to be proposed again");
  store.applied({ slot: 36, batches: [{ digest: "a/1", payload }] });
  assert.equal(store.size, 0);
});

Deno.test("BatchStore.free() is what waits and no slot holds", () => {
  const store = storeBeside(new Map());
  store.submit({ digest: "a/1", payload }, 0);
  store.receive({ digest: "b/1", payload }, false, 0);
  store.hold(1, ["a/1"]);
  assert.deepEqual(store.free(), ["b/1"]);
  store.hold(1, []);
  assert.deepEqual(store.free(), ["a/1", "b/1"]);
});

Deno.test("BatchStore.restart() forgets batches of others that no slot holds", () => {
  const store = storeBeside(new Map());
  store.submit({ digest: "a/1", payload }, 0);
  store.receive({ digest: "b/1", payload }, false, 0);
  store.receive({ digest: "b/2", payload }, false, 0);
  store.hold(9, ["b/2"]);
  store.restart(5);
  assert.deepEqual(["a/1", "b/1", "b/2"].map((each) => store.payloadOf(each) !== undefined), [
    true,
    false,
    true,
  ]);
});
