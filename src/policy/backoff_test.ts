import assert from "node:assert/strict";
import { backoffMs } from "./backoff.ts";

Deno.test("backoffMs() doubles up to its bound, with jitter in the upper half", () => {
  const backoff = { firstMs: 10, maxMs: 60 };
  assert.deepEqual([1, 2, 3, 4, 99].map((retry) => backoffMs(backoff, retry, 1)), [
    10,
    20,
    40,
    60,
    60,
  ]);
  assert.equal(backoffMs(backoff, 1, 0), 5);
  assert.equal(backoffMs(backoff, 1, 0.5), 7.5);
});
