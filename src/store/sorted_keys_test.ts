import assert from "node:assert/strict";
import fc from "fast-check";
import { SortedKeys } from "./sorted_keys.ts";

const anyKey = fc.string({ unit: fc.constantFrom("a", "b", "/", "\u{1f600}"), maxLength: 4 });

function filled(keys: readonly string[]): SortedKeys {
  const sorted = new SortedKeys();
  for (const key of keys) sorted.add(key);
  return sorted;
}

Deno.test("SortedKeys lists what was added and not removed, like a sorted array", () => {
  const step = fc.record({ key: anyKey, isAdded: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const keys = new SortedKeys();
      const model = new Set<string>();
      for (const { key, isAdded } of steps) {
        if (isAdded && !model.has(key)) keys.add(key);
        if (!isAdded && model.has(key)) keys.remove(key);
        if (isAdded) model.add(key);
        else model.delete(key);
      }
      assert.deepEqual(keys.values(), [...model].sort());
    }),
    { seed: 1 },
  );
});

Deno.test("SortedKeys.range() answers what a filter over all keys would", () => {
  fc.assert(
    fc.property(fc.uniqueArray(anyKey), anyKey, anyKey, fc.nat(5), (all, prefix, after, limit) => {
      const expected = [...all].sort().filter((key) => key.startsWith(prefix) && key > after);
      assert.deepEqual(filled(all).range(prefix, after, limit), expected.slice(0, limit));
    }),
    { seed: 2, numRuns: 500 },
  );
});

Deno.test("SortedKeys.replace() takes over sorted keys and forgets the former ones", () => {
  const keys = filled(["x"]);
  keys.replace(["a", "c"]);
  keys.add("b");
  assert.deepEqual(keys.values(), ["a", "b", "c"]);
});
