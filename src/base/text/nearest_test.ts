import assert from "node:assert/strict";
import fc from "fast-check";
import { editDistance, nearest } from "./nearest.ts";

fc.configureGlobal({ seed: 34 });

Deno.test("editDistance() counts changes, insertions, removals and swaps", () => {
  assert.equal(editDistance("", ""), 0);
  assert.equal(editDistance("", "abc"), 3);
  assert.equal(editDistance("port", "port"), 0);
  assert.equal(editDistance("prot", "port"), 1);
  assert.equal(editDistance("prt", "port"), 1);
  assert.equal(editDistance("kitten", "sitting"), 3);
});

Deno.test("editDistance() is symmetric, zero only for equals, bounded by the longer word", () => {
  const word = fc.stringMatching(/^[abc]{0,8}$/);
  fc.assert(fc.property(word, word, (left, right) => {
    const distance = editDistance(left, right);
    assert.equal(distance, editDistance(right, left));
    assert.equal(distance === 0, left === right);
    assert.ok(distance <= Math.max(left.length, right.length));
    assert.ok(distance >= Math.abs(left.length - right.length));
  }));
});

Deno.test("nearest() finds a mistyped name and ignores case, dashes and underscores", () => {
  const names = ["port", "host", "hosts", "maxBodyBytes"];
  assert.equal(nearest("prot", names), "port");
  assert.equal(nearest("MAX-BODY_BYTES", names), "maxBodyBytes");
  assert.equal(nearest("hostz", names), "host");
});

Deno.test("nearest() finds nothing when nothing is close or the word is absurdly long", () => {
  assert.equal(nearest("banana", ["port", "host"]), undefined);
  assert.equal(nearest("port", []), undefined);
  assert.equal(nearest("x".repeat(100_000), ["port"]), undefined);
});
