import assert from "node:assert/strict";
import { TokenBucket } from "./token_bucket.ts";

function taken(bucket: TokenBucket, nowMs: number): number {
  let count = 0;
  while (bucket.take(nowMs)) count++;
  return count;
}

Deno.test("TokenBucket starts full, fills with time and never above its capacity", () => {
  const bucket = new TokenBucket({ capacity: 5, perSecond: 10 }, 1_000);
  assert.equal(taken(bucket, 1_000), 5);
  assert.equal(taken(bucket, 1_300), 3);
  assert.equal(taken(bucket, 60_000), 5);
});

Deno.test("TokenBucket.waitMs() says when the next token comes", () => {
  const bucket = new TokenBucket({ capacity: 1, perSecond: 4 }, 0);
  assert.equal(bucket.waitMs(0), 0);
  bucket.take(0);
  assert.equal(bucket.waitMs(0), 250);
  assert.equal(bucket.waitMs(100), 150);
  assert.equal(new TokenBucket({ capacity: 0, perSecond: 0 }, 0).waitMs(9), Infinity);
});

Deno.test("TokenBucket.put() adds tokens up to the capacity, and time that runs back adds none", () => {
  const bucket = new TokenBucket({ capacity: 2, perSecond: 0 }, 1_000);
  taken(bucket, 1_000);
  bucket.put(0.5);
  assert.equal(bucket.take(500), false);
  bucket.put(0.5);
  assert.equal(bucket.take(500), true);
  bucket.put(9);
  assert.equal(taken(bucket, 500), 2);
});
