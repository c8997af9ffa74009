import assert from "node:assert/strict";
import { Wanted } from "./wanted.ts";

const make = () => new Wanted({ graceMs: 2, resendMs: 60, resendMaxMs: 1_000 });

Deno.test("Wanted.want() waits a moment, asks the proposer, then everybody", () => {
  const wanted = make();
  const asked = [0, 1, 2, 61, 62, 122].map((now) => wanted.want("a/1", "b", now));
  assert.deepEqual(asked, [undefined, undefined, "b", undefined, "all", "all"]);
});

Deno.test("Wanted.received() says whether a batch was wanted, once", () => {
  const wanted = make();
  wanted.want("a/1", undefined, 0);
  assert.deepEqual([wanted.received("a/1"), wanted.received("a/1")], [true, false]);
});

Deno.test("Wanted.forgetOld() keeps no questions for ever", () => {
  const wanted = make();
  wanted.want("a/1", undefined, 0);
  wanted.forgetOld(10_000);
  assert.equal(wanted.size, 1);
  wanted.forgetOld(10_003);
  assert.equal(wanted.size, 0);
});
