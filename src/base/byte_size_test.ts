import assert from "node:assert/strict";
import fc from "fast-check";
import { formatByteSize, parseByteSize } from "./byte_size.ts";
import { AetherError } from "./errors.ts";

fc.configureGlobal({ seed: 34 });

Deno.test("parseByteSize() keeps binary and decimal units apart", () => {
  const expected: Record<string, number> = {
    "0": 0,
    "0B": 0,
    "100B": 100,
    "1KB": 1_000,
    "512KiB": 524_288,
    "10MB": 10_000_000,
    "64MiB": 67_108_864,
    "1GB": 1_000_000_000,
    "1GiB": 1_073_741_824,
    "2TB": 2_000_000_000_000,
    "1TiB": 1_099_511_627_776,
  };
  for (const [text, bytes] of Object.entries(expected)) {
    assert.equal(parseByteSize(text), bytes, text);
  }
});

const wrong: Record<string, string> = {
  "": 'Size "" is empty; write for example 64MiB',
  "-1MiB": 'Size "-1MiB" is negative; write zero or more',
  "64": 'Size "64" has no unit; write 64B, 64KiB or 64MiB',
  "64mb": 'Size "64mb" has the unknown unit "mb"; write 64MB or 64MiB',
  "64M": 'Size "64M" has the unknown unit "M"; write 64MB or 64MiB',
  "3PiB": 'Size "3PiB" has the unknown unit "PiB"; use B, KiB, MiB, GiB or TiB',
  "64 MiB": 'Size "64 MiB" contains a space; write for example 64MiB',
  "1.5GiB":
    'Size "1.5GiB" has a fraction; write a whole number of a smaller unit, for example 1536KiB',
  "1GiB512MiB":
    'Size "1GiB512MiB" is not a number and a unit; write for example 512KiB, 64MiB or 1GiB',
  "9000TiB": 'Size "9000TiB" is too large; write at most 8191TiB',
};

for (const [text, message] of Object.entries(wrong)) {
  Deno.test(`parseByteSize() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseByteSize(text), { name: "SIZE_INVALID", code: "E1005", message });
  });
}

Deno.test("parseByteSize() accepts the largest size that its message names", () => {
  assert.equal(parseByteSize("8191TiB"), 8191 * 1024 ** 4);
});

Deno.test("formatByteSize() writes the shortest exact text, binary where both are exact", () => {
  assert.equal(formatByteSize(0), "0B");
  assert.equal(formatByteSize(1_500), "1500B");
  assert.equal(formatByteSize(1_024_000), "1000KiB");
  assert.equal(formatByteSize(10_000_000), "10MB");
  assert.equal(formatByteSize(67_108_864), "64MiB");
  assert.throws(() => formatByteSize(-1), RangeError);
  assert.throws(() => formatByteSize(0.5), RangeError);
});

Deno.test("parseByteSize() undoes formatByteSize() for every whole number", () => {
  const round = fc.tuple(fc.nat(8000), fc.constantFrom(1, 1000, 1024, 1000 ** 3, 1024 ** 3));
  const bytes = fc.oneof(fc.maxSafeNat(), round.map(([count, size]) => count * size));
  fc.assert(fc.property(bytes, (size) => {
    assert.equal(parseByteSize(formatByteSize(size)), size);
  }));
});

Deno.test("parseByteSize() answers any text with a number or SIZE_INVALID", () => {
  const nearly = fc.stringMatching(/^[-0-9.KMGTiB ]{0,10}$/);
  fc.assert(fc.property(fc.oneof(fc.string(), nearly), (text) => {
    try {
      const bytes = parseByteSize(text);
      assert.ok(Number.isSafeInteger(bytes) && bytes >= 0);
    } catch (error) {
      assert.ok(error instanceof AetherError);
      assert.equal(error.name, "SIZE_INVALID");
    }
  }));
});
