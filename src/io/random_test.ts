import assert from "node:assert/strict";
import { systemRandom } from "./random.ts";

Deno.test("systemRandom() never repeats a block of numbers, within a source or between two", () => {
  const draw = (random: { nextUint32(): number }) =>
    Array.from({ length: 8 }, () => random.nextUint32()).join();
  const one = systemRandom();
  const other = systemRandom();
  const blocks = new Set<string>();
  for (let i = 0; i < 500; i++) blocks.add(draw(one)).add(draw(other));
  assert.equal(blocks.size, 1000);
});

Deno.test("systemRandom().bytes() fills more than the system gives in one call", () => {
  const bytes = systemRandom().bytes(200_000);
  for (let offset = 0; offset < bytes.length; offset += 1000) {
    assert.ok(bytes.subarray(offset, offset + 1000).some((byte) => byte !== 0));
  }
});
