import assert from "node:assert/strict";
import { bucketEndMs, bucketOf, Histogram } from "./histogram.ts";

Deno.test("bucketOf() puts durations into buckets that are an eighth wide", () => {
  for (const durationMs of [0.002, 0.5, 1, 1.6, 33.3, 1_000, 123_456]) {
    const endMs = bucketEndMs(bucketOf(durationMs));
    assert.ok(endMs >= durationMs && endMs <= durationMs * 1.126, `${durationMs} to ${endMs}`);
  }
  assert.equal(bucketOf(0), 0);
  assert.equal(bucketOf(-1), 0);
  assert.equal(bucketOf(NaN), 0);
  assert.equal(bucketOf(Infinity), bucketOf(1e12));
});

Deno.test("Histogram.percentileMs() is right within a bucket", () => {
  const histogram = new Histogram();
  assert.equal(histogram.percentileMs(0.5), 0);
  for (let ms = 1; ms <= 1_000; ms++) histogram.add(ms);
  for (const [share, exact] of [[0.5, 500], [0.95, 950], [0.99, 990], [1, 1_000]] as const) {
    const found = histogram.percentileMs(share);
    assert.ok(found >= exact && found <= exact * 1.126, `${share}: ${found}`);
  }
});

Deno.test("Histogram.addAll() makes the sum of two the same as one of both", () => {
  const [one, two, both] = [new Histogram(), new Histogram(), new Histogram()];
  for (let ms = 1; ms < 200; ms++) {
    (ms % 3 === 0 ? one : two).add(ms);
    both.add(ms);
  }
  one.addAll(two.entries());
  assert.deepEqual(one.entries(), both.entries());
  assert.equal(one.count, 199);
  one.addTo(99_999, 1);
  assert.ok(one.percentileMs(1) > 60_000);
});
