import assert from "node:assert/strict";
import {
  busyMsOf,
  combineCounts,
  figuresOf,
  latencyBoundsMs,
  latencyIndex,
  noCounts,
} from "./figures.ts";

Deno.test("latencyIndex() finds the first bound that is not below", () => {
  assert.equal(latencyIndex(0), 0);
  assert.equal(latencyIndex(1), 0);
  for (const [index, bound] of latencyBoundsMs.entries()) assert.equal(latencyIndex(bound), index);
  assert.equal(latencyIndex(Number.MAX_SAFE_INTEGER), latencyBoundsMs.length);
});

Deno.test("combineCounts() adds and subtracts, and figuresOf() tells what counts mean", () => {
  const one = noCounts("a");
  assert.deepEqual(figuresOf(one), { requests: 0, errors: 0, p99Ms: 0 });
  const two = { ...one, requests: 200, errors: 3, latencies: [...one.latencies] };
  two.latencies[0] = 198;
  two.latencies[10] = 2;
  assert.deepEqual(figuresOf(two), { requests: 200, errors: 3, p99Ms: 1 });
  assert.equal(Math.round(busyMsOf(two)), 198 + Math.round(2 * (latencyBoundsMs[10] ?? 0)));
  const sum = combineCounts(two, two);
  assert.deepEqual([sum.requests, sum.latencies[10]], [400, 4]);
  assert.deepEqual(combineCounts(sum, two, -1), two);
});
