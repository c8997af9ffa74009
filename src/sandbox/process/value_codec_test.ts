import assert from "node:assert/strict";
import fc from "fast-check";
import { InvariantError } from "../../base/assert.ts";
import { ByteReader, ByteWriter, DecodeError } from "../../base/codec.ts";
import { readValue, writeValue } from "./value_codec.ts";

function encoded(value: unknown): Uint8Array {
  const writer = new ByteWriter();
  writeValue(writer, value);
  return writer.take();
}

function roundTrip(value: unknown): unknown {
  const reader = new ByteReader(encoded(value));
  const result = readValue(reader);
  reader.end();
  return result;
}

Deno.test("readValue() gives back every plain value", () => {
  const values = [null, undefined, true, false, 0, 7, 2 ** 53 - 1, -1, 0.5, -0, NaN, Infinity];
  for (const value of values) assert.ok(Object.is(roundTrip(value), value), String(value));
  const bytes = Uint8Array.of(1, 2);
  assert.deepEqual(roundTrip([1, "two", null, bytes, []]), [1, "two", null, bytes, []]);
});

Deno.test("readValue() gives back whatever JSON can hold", () => {
  fc.assert(
    fc.property(fc.jsonValue({ depthSize: "small" }), (value) => {
      // Numbers of JSON have no negative zero.
      assert.equal(JSON.stringify(roundTrip(value)), JSON.stringify(value));
    }),
    { numRuns: 300, seed: 1 },
  );
});

Deno.test("readValue() gives objects in which no key means anything special", () => {
  const value = roundTrip(JSON.parse('{"__proto__":{"polluted":1},"constructor":2}')) as object;
  assert.equal(Object.getPrototypeOf(value), null);
  assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
  assert.equal((({}) as { polluted?: number }).polluted, undefined);
});

Deno.test("writeValue() leaves out undefined fields and refuses what is not plain", () => {
  assert.deepEqual({ ...(roundTrip({ a: undefined, b: 1 }) as object) }, { b: 1 });
  for (const value of [() => 1, Symbol("x"), 1n]) {
    assert.throws(() => encoded(value), InvariantError);
  }
  let deep: unknown = 1;
  for (let level = 0; level < 40; level++) deep = [deep];
  assert.throws(() => encoded(deep), InvariantError);
});

Deno.test("readValue() throws DecodeError for all other bytes", () => {
  const nested = new Uint8Array(100).fill(8).map((byte, at) => at % 2 === 0 ? byte : 1);
  assert.throws(() => readValue(new ByteReader(nested)), DecodeError);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        readValue(new ByteReader(bytes));
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
      }
    }),
    { numRuns: 1000, seed: 2 },
  );
});

Deno.test("readValue() refuses more values than memory should hold, however short they are", () => {
  const objects = (count: number) => {
    const writer = new ByteWriter();
    writeValue(writer, Array.from({ length: count }, () => ({})));
    return readValue(new ByteReader(writer.take()));
  };
  assert.equal((objects(999_999) as unknown[]).length, 999_999);
  assert.throws(() => objects(1_000_000), DecodeError);
});
