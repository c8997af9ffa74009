/**
 * Shrinking keeps what makes a run fail and drops the rest.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dropParts } from "./shrink.ts";

Deno.test("dropParts() leaves exactly the items that are needed", () => {
  const items = Array.from({ length: 100 }, (_, index) => index);
  const isNeeded = (kept: readonly number[]) => [3, 50, 51].every((item) => kept.includes(item));
  assert.deepEqual(dropParts(items, isNeeded), [3, 50, 51]);
});

Deno.test("dropParts() drops everything when nothing is needed", () => {
  assert.deepEqual(dropParts([1, 2, 3], () => true), []);
});

Deno.test("dropParts() drops nothing when all is needed", () => {
  assert.deepEqual(dropParts([1, 2, 3], (kept) => kept.length === 3), [1, 2, 3]);
});
