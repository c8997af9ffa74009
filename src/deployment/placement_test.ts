import assert from "node:assert/strict";
import { sharesOf } from "./placement.ts";

function shares(loads: Record<string, number>, wanted: number, perNodeMax = 100) {
  const list = Object.entries(loads).map(([node, active]) => ({ node, active, present: active }));
  return Object.fromEntries([...sharesOf(list, wanted, perNodeMax)].sort());
}

Deno.test("sharesOf() spreads evenly and leaves what is placed where it is", () => {
  assert.deepEqual(shares({ a: 0, b: 0, c: 0 }, 4), { a: 2, b: 1, c: 1 });
  assert.deepEqual(shares({ a: 1, b: 1, c: 2 }, 4), { a: 1, b: 1, c: 2 });
  assert.deepEqual(shares({ a: 0, b: 5, c: 0 }, 5), { a: 2, b: 2, c: 1 });
});

Deno.test("sharesOf() places only what fits", () => {
  assert.deepEqual(shares({ a: 0, b: 0 }, 9, 2), { a: 2, b: 2 });
  assert.deepEqual(shares({}, 9, 2), {});
});

Deno.test("sharesOf() prefers nodes whose instances serve", () => {
  const loads = [{ node: "a", active: 0, present: 2 }, { node: "b", active: 1, present: 1 }];
  assert.equal(sharesOf(loads, 1, 8).get("b"), 1);
});
