/**
 * Every run of one slot with three nodes.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Bit } from "../../../src/protocol/consensus/message.ts";
import { searchAll, type SearchResult } from "./search.ts";

function assertSound({ disagreement, stuck }: SearchResult): void {
  assert.equal(disagreement, undefined);
  assert.equal(stuck, 0);
}

Deno.test("searchAll() finds one value decided when all propose the same", () => {
  const result = searchAll(["x", "x", "x"], [0], 2);
  assertSound(result);
  assert.deepEqual([...result.decided], ["x"]);
});

Deno.test("searchAll() finds the majority's value or nothing decided, never both in a run", () => {
  for (const coins of [[1, 0], [0, 1]] satisfies Bit[][]) {
    const result = searchAll(["x", "x", "y"], coins, 1);
    assertSound(result);
    assert.deepEqual(new Set(result.decided), new Set(["x", ""]));
  }
});

Deno.test("searchAll() finds nothing decided when all propose different values", () => {
  const result = searchAll(["x", "y", ""], [1, 1], 2);
  assertSound(result);
  assert.deepEqual([...result.decided], [""]);
});

Deno.test("searchAll() finds no disagreement in two phases, whatever order messages come in", () => {
  const result = searchAll(["x", "x", "y"], [1, 0], 2);
  assertSound(result);
  assert.ok(result.states > 100_000, `${result.states} states`);
});
