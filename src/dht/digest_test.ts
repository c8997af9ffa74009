import assert from "node:assert/strict";
import {
  bucketCount,
  BucketDigests,
  bucketOf,
  differingBuckets,
  emptyDigest,
  partitionDigest,
} from "./digest.ts";

const version = (timeMs: number) => ({ timeMs, counter: 0, writer: "n1~0" });

Deno.test("BucketDigests depend on the entries, not on their order", () => {
  const [a, b] = [new BucketDigests(), new BucketDigests()];
  for (let i = 0; i < 100; i++) a.toggle(`key${i}`, version(i));
  for (let i = 99; i >= 0; i--) b.toggle(`key${i}`, version(i));
  assert.deepEqual(a.texts(), b.texts());
  assert.equal(partitionDigest(a.texts()), partitionDigest(b.texts()));
});

Deno.test("BucketDigests differ in the bucket of a key with another version", () => {
  const [a, b] = [new BucketDigests(), new BucketDigests()];
  for (let i = 0; i < 100; i++) {
    a.toggle(`key${i}`, version(i));
    b.toggle(`key${i}`, version(i === 7 ? 1_000 : i));
  }
  assert.deepEqual(differingBuckets(a.texts(), b.texts()), [bucketOf("key7")]);
  assert.notEqual(partitionDigest(a.texts()), partitionDigest(b.texts()));
});

Deno.test("BucketDigests of nothing are zeros, also after an entry has gone", () => {
  const digests = new BucketDigests();
  digests.toggle("a", version(1));
  digests.toggle("a", version(1));
  assert.deepEqual(digests.texts(), Array(bucketCount).fill(emptyDigest));
  assert.equal(partitionDigest(digests.texts()), emptyDigest);
});
