import assert from "node:assert/strict";
import fc from "fast-check";
import { InvariantError } from "./assert.ts";
import { ByteReader, ByteWriter, DecodeError } from "./codec.ts";

fc.configureGlobal({ seed: 34 });

type Field =
  | { kind: "u8" | "u16" | "u32" | "u64" | "f64" | "varint"; value: number }
  | { kind: "bytes" | "raw"; value: Uint8Array }
  | { kind: "string"; value: string }
  | { kind: "list"; value: number[] };

const safe = fc.oneof(fc.nat(300), fc.maxSafeNat());
const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 100 }), fc.string());

const field: fc.Arbitrary<Field> = fc.oneof(
  fc.record({ kind: fc.constant("u8" as const), value: fc.nat(0xff) }),
  fc.record({ kind: fc.constant("u16" as const), value: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant("u32" as const), value: fc.nat(0xffffffff) }),
  fc.record({ kind: fc.constant("u64" as const), value: safe }),
  fc.record({ kind: fc.constant("varint" as const), value: safe }),
  fc.record({ kind: fc.constant("f64" as const), value: fc.double() }),
  fc.record({ kind: fc.constantFrom("bytes" as const, "raw" as const), value: fc.uint8Array() }),
  fc.record({ kind: fc.constant("string" as const), value: text }),
  fc.record({ kind: fc.constant("list" as const), value: fc.array(safe) }),
);

function write(writer: ByteWriter, { kind, value }: Field): void {
  if (typeof value === "string") writer.string(value);
  else if (value instanceof Uint8Array) writer[kind as "bytes" | "raw"](value);
  else if (Array.isArray(value)) writer.list(value, (item, to) => to.varint(item));
  else writer[kind as "u8"](value);
}

function read(reader: ByteReader, { kind, value }: Field): Field["value"] {
  if (kind === "bytes") return reader.bytes(value.length);
  if (kind === "raw") return reader.raw(value.length);
  if (kind === "string") return reader.string(value.length * 3);
  if (kind === "list") return reader.list(value.length, (from) => from.varint());
  return reader[kind]();
}

function encode(fields: readonly Field[]): Uint8Array {
  const writer = new ByteWriter(1);
  for (const each of fields) write(writer, each);
  return writer.take();
}

Deno.test("ByteReader reads back whatever ByteWriter wrote", () => {
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const reader = new ByteReader(encode(fields));
      for (const each of fields) assert.deepEqual(read(reader, each), each.value);
      reader.end();
    }),
    { numRuns: 500 },
  );
});

Deno.test("ByteReader throws DecodeError for every truncation", () => {
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 8 }), fc.nat(), (fields, cut) => {
      const bytes = encode(fields);
      fc.pre(bytes.length > 0);
      const reader = new ByteReader(bytes.subarray(0, cut % bytes.length));
      assert.throws(() => fields.forEach((each) => read(reader, each)), DecodeError);
    }),
  );
});

Deno.test("ByteReader returns a value or throws DecodeError on any bytes", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(field, { maxLength: 8 }),
      (bytes, fields) => {
        const reader = new ByteReader(bytes);
        try {
          for (const each of fields) read(reader, each);
          reader.end();
        } catch (thrown) {
          assert.ok(thrown instanceof DecodeError, String(thrown));
        }
        assert.ok(reader.offset <= bytes.length);
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("ByteReader refuses what is longer than allowed, before allocating it", () => {
  const long = encode([{ kind: "string", value: "x".repeat(200) }]);
  assert.throws(
    () => new ByteReader(long).string(199),
    /Length 200 exceeds the limit of 199 bytes/,
  );
  assert.throws(() => new ByteReader(long).bytes(199), DecodeError);
  const claim = new ByteWriter().varint(2 ** 40).take();
  assert.throws(() => new ByteReader(claim).list(2 ** 50, (from) => from.u8()), DecodeError);
  assert.throws(() => new ByteReader(claim).bytes(2 ** 50), DecodeError);
});

Deno.test("ByteReader.varint() accepts the shortest form only, up to 2^53 - 1", () => {
  const cases: [string, number[]][] = [
    ["longer than needed", [0x80, 0x00]],
    ["longer than needed", [0xff, 0x80, 0x00]],
    ["exceeds 2\\^53", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10]],
    ["does not end", new Array<number>(8).fill(0xff)],
    ["1 bytes are expected, 0 are left", [0xff]],
  ];
  for (const [message, bytes] of cases) {
    assert.throws(() => new ByteReader(Uint8Array.from(bytes)).varint(), new RegExp(message));
  }
  const largest = new ByteWriter().varint(Number.MAX_SAFE_INTEGER).take();
  assert.equal(new ByteReader(largest).varint(), Number.MAX_SAFE_INTEGER);
});

Deno.test("ByteReader.u64() refuses what a number cannot hold", () => {
  const bytes = Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0);
  assert.throws(() => new ByteReader(bytes).u64(), /exceeds 2\^53 - 1 at byte 0/);
});

Deno.test("ByteReader.string() refuses invalid UTF-8 and keeps a leading byte order mark", () => {
  assert.throws(() => new ByteReader(Uint8Array.of(2, 0xc3, 0x28)).string(9), /not valid UTF-8/);
  const bytes = new ByteWriter().string("\ufeffa").take();
  assert.equal(new ByteReader(bytes).string(9), "\ufeffa");
  // Long ones go another way, and a replacement character may really have been written.
  const long = `${"x".repeat(4_000)}\ufffdé`;
  const written = new ByteWriter().string(long).take();
  assert.equal(new ByteReader(written).string(9_000), long);
  written[written.length - 1] = 0x28;
  assert.throws(() => new ByteReader(written).string(9_000), /not valid UTF-8/);
});

Deno.test("ByteReader.bytes() copies, view() does not", () => {
  const input = new ByteWriter().bytes(Uint8Array.of(7)).raw(Uint8Array.of(8)).take();
  const reader = new ByteReader(input);
  const copy = reader.bytes(1);
  const view = reader.view(1);
  assert.equal(copy.buffer.byteLength, 1);
  assert.equal(view.buffer, input.buffer);
});

Deno.test("ByteWriter.take() empties the writer, which can be used again", () => {
  const writer = new ByteWriter(4);
  const first = writer.u32(1).take();
  assert.equal(writer.length, 0);
  assert.deepEqual(writer.u8(9).take(), Uint8Array.of(9));
  assert.deepEqual(first, Uint8Array.of(1, 0, 0, 0));
});

Deno.test("ByteWriter.patchU32() fills in what was left open", () => {
  const writer = new ByteWriter().u8(1).u32(0).u8(2);
  assert.deepEqual(writer.patchU32(1, 0x01020304).take(), Uint8Array.of(1, 4, 3, 2, 1, 2));
  assert.throws(() => writer.patchU32(0, 1), InvariantError);
});

Deno.test("ByteWriter refuses values out of range and growth beyond its limit", () => {
  const wrong: ((writer: ByteWriter) => unknown)[] = [
    (writer) => writer.u8(256),
    (writer) => writer.u8(-1),
    (writer) => writer.u16(65536),
    (writer) => writer.u32(2 ** 32),
    (writer) => writer.u64(2 ** 53),
    (writer) => writer.varint(1.5),
    (writer) => writer.varint(-1),
    (writer) => writer.raw(new Uint8Array(17)),
  ];
  for (const attempt of wrong) {
    assert.throws(() => attempt(new ByteWriter(1, 16)), InvariantError);
  }
});
