import assert from "node:assert/strict";
import { quotients, rounded, spreadOf } from "./statistics.ts";

Deno.test("spreadOf() takes the middle of an odd and of an even count, in any order", () => {
  assert.deepEqual(spreadOf([5]), { median: 5, min: 5, max: 5 });
  assert.deepEqual(spreadOf([30, 4, 100]), { median: 30, min: 4, max: 100 });
  assert.deepEqual(spreadOf([4, 1, 3, 2]), { median: 2.5, min: 1, max: 4 });
  assert.throws(() => spreadOf([]), RangeError);
});

Deno.test("rounded() keeps significant digits, not decimals", () => {
  const spread = { median: 12_345.6, min: 0.012_345_6, max: 123_456 };
  assert.deepEqual(rounded(spread), { median: 12_350, min: 0.012_35, max: 123_500 });
});

Deno.test("quotients() pairs the rounds and refuses series of different lengths", () => {
  assert.deepEqual(quotients([10, 9], [5, 3]), [2, 3]);
  assert.throws(() => quotients([1], [1, 2]), RangeError);
});
