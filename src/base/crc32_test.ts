import assert from "node:assert/strict";
import fc from "fast-check";
import { crc32c, Crc32cRanges } from "./crc32.ts";

Deno.test("crc32c() gives the published values", () => {
  const ascending = Uint8Array.from({ length: 32 }, (_, i) => i);
  assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283);
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(ascending), 0x46dd794e);
  assert.equal(crc32c(ascending.toReversed()), 0x113fdb5c);
  assert.equal(crc32c(new Uint8Array(0)), 0);
});

Deno.test("crc32c() can be computed in parts", () => {
  fc.assert(fc.property(fc.uint8Array(), fc.nat(), (bytes, at) => {
    const middle = at % (bytes.length + 1);
    assert.equal(crc32c(bytes, crc32c(bytes, 0, 0, middle), middle), crc32c(bytes));
  }));
});

Deno.test("Crc32cRanges.range() equals crc32c() of the same part", () => {
  const input = fc.tuple(fc.uint8Array({ maxLength: 2000 }), fc.nat(), fc.nat(), fc.integer());
  fc.assert(fc.property(input, ([bytes, one, other, seed]) => {
    const ends = [one % (bytes.length + 1), other % (bytes.length + 1)];
    const from = Math.min(...ends);
    const to = Math.max(...ends);
    const previous = seed >>> 0;
    const ranges = new Crc32cRanges(bytes);
    assert.equal(ranges.range(from, to, previous), crc32c(bytes, previous, from, to));
  }));
});
