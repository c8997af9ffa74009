import assert from "node:assert/strict";
import { dhtScopes, quorumsOf } from "./scope.ts";

Deno.test("quorumsOf() lets reads meet writes, and a handover meet both", () => {
  for (const config of Object.values(dhtScopes)) {
    for (let members = 1; members <= 12; members++) {
      const { replicas, read, write, handover } = quorumsOf(config, members);
      assert.ok(read + write > replicas && write + write > replicas);
      assert.ok(handover + write > replicas && handover + read > replicas);
      assert.ok(Math.max(read, write, handover) <= replicas);
    }
  }
});

Deno.test("quorumsOf() takes as many replicas as the scope wants and members are", () => {
  assert.equal(quorumsOf(dhtScopes.artifacts, 1).replicas, 1);
  assert.deepEqual(quorumsOf(dhtScopes.artifacts, 2), {
    ...{ replicas: 2, read: 1, write: 2, handover: 2 },
  });
  assert.deepEqual(quorumsOf(dhtScopes.chunks, 9), {
    ...{ replicas: 3, read: 2, write: 2, handover: 2 },
  });
  assert.equal(quorumsOf(dhtScopes.cache, 9).replicas, 1);
  assert.equal(quorumsOf(dhtScopes.full, 9).replicas, 9);
});
