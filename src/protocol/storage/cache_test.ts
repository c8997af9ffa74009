import assert from "node:assert/strict";
import { cachePrefix, decodeCached, encodeCached, isOver, prefixOf } from "./cache.ts";

Deno.test("encodeCached() keeps value, time and limits", () => {
  const value = new TextEncoder().encode("{}");
  const cached = { ttlMs: 604_800_000, maxEntries: 1, maxBytes: 2 ** 30, value };
  assert.deepEqual(decodeCached(encodeCached(cached)), cached);
  assert.throws(() => decodeCached(new Uint8Array(2)));
});

Deno.test("isOver() counts from the version", () => {
  const cached = { ttlMs: 100, maxEntries: 1, maxBytes: 1, value: new Uint8Array() };
  const version = { timeMs: 1_000, counter: 3, writer: "n1" };
  assert.deepEqual([1_099, 1_100].map((wallMs) => isOver(version, cached, wallMs)), [false, true]);
});

Deno.test("prefixOf() is what the key was made with, whatever the slice chose", () => {
  const prefix = cachePrefix("org.example:a", "weather");
  for (const key of ["a", "a/b", "/"]) assert.equal(prefixOf(prefix + key), prefix);
});
