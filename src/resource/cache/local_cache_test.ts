import assert from "node:assert/strict";
import { LocalCache } from "./local_cache.ts";

Deno.test("LocalCache never answers what is over, and forgets it", () => {
  const cache = new LocalCache({ maxEntries: 10, maxBytes: 1_000 });
  cache.put("a", "1", { ttlMs: 100, nowMs: 0 });
  cache.put("b", "2", { ttlMs: 200, nowMs: 0 });
  assert.equal(cache.get("a", 99), "1");
  assert.equal(cache.get("a", 100), undefined);
  // A clock that went back brings nothing back.
  assert.equal(cache.get("a", 0), undefined);
  assert.deepEqual(cache.figures(199), { entries: 1, bytes: 2, evicted: 0 });
  assert.deepEqual(cache.figures(200), { entries: 0, bytes: 0, evicted: 0 });
});

Deno.test("LocalCache lets the least recently used go, what is over first", () => {
  const cache = new LocalCache({ maxEntries: 3, maxBytes: 1_000 });
  cache.put("over", "0", { ttlMs: 10, nowMs: 0 });
  for (const key of ["a", "b"]) cache.put(key, key, { ttlMs: 100, nowMs: 0 });
  cache.get("a", 5);
  cache.put("c", "c", { ttlMs: 100, nowMs: 50 });
  assert.equal(cache.figures(50).evicted, 0);
  cache.put("d", "d", { ttlMs: 100, nowMs: 50 });
  assert.deepEqual(["a", "b", "c", "d"].map((key) => cache.get(key, 50)), [
    "a",
    undefined,
    "c",
    "d",
  ]);
  assert.equal(cache.figures(50).evicted, 1);
});

Deno.test("LocalCache counts bytes of keys and values, and refuses what cannot fit", () => {
  const cache = new LocalCache({ maxEntries: 100, maxBytes: 10 });
  const at = { ttlMs: 100, nowMs: 0 };
  cache.put("a", "ä234", at);
  cache.put("a", "1234", at);
  cache.put("b", "1234", at);
  assert.deepEqual(cache.figures(0), { entries: 2, bytes: 10, evicted: 0 });
  cache.put("c", "1", at);
  assert.deepEqual(cache.figures(0), { entries: 2, bytes: 7, evicted: 1 });
  assert.throws(() => cache.put("b", "1234567890", at), {
    name: "VALUE_TOO_LARGE",
    message: 'Key "b" and its value have 11 bytes; maxBytes of the section is 10',
  });
  assert.equal(cache.get("b", 0), "1234");
  assert.deepEqual([cache.delete("b"), cache.delete("b")], [true, false]);
});
