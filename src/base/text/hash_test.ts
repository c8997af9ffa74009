import assert from "node:assert/strict";
import { hash32, hash64, mix32 } from "./hash.ts";

Deno.test("hash32() gives the published values of MurmurHash3", () => {
  assert.equal(hash32(""), 0);
  assert.equal(hash32("", 1), 0x514e28b7);
  assert.equal(hash32("hello"), 0x248bfa47);
  assert.equal(hash32("hello, world"), 0x149bbb7f);
  assert.equal(hash32("The quick brown fox jumps over the lazy dog"), 0x2e4ff723);
  assert.equal(hash32("aaaa", 0x9747b28c), 0x5a97808a);
  assert.equal(hash32("aaa", 0x9747b28c), 0x283e0130);
  assert.equal(hash32("aa", 0x9747b28c), 0x5d211726);
  assert.equal(hash32("a", 0x9747b28c), 0x7fa09ea6);
});

Deno.test("hash64() does not collide in a million small texts", () => {
  const seen = new Set<number>();
  for (let i = 0; i < 1_000_000; i++) {
    const [high, low] = hash64(`key/${i}`);
    seen.add((high & 0x1fffff) * 2 ** 32 + low);
  }
  assert.equal(seen.size, 1_000_000);
});

Deno.test("mix32() maps different integers to different ones", () => {
  const seen = new Set(Array.from({ length: 100_000 }, (_, value) => mix32(value)));
  assert.equal(seen.size, 100_000);
});
