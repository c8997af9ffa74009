import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, ByteWriter, DecodeError } from "../../base/codec.ts";
import { decodeRecord, encodeRecord, readMessage, writeMessage } from "./message_codec.ts";
import { anyMessage, anyRecord } from "./samples_test.ts";

Deno.test("readMessage() reads back whatever writeMessage() wrote", () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const writer = new ByteWriter();
      writeMessage(writer, message);
      const reader = new ByteReader(writer.take());
      assert.deepEqual(readMessage(reader), message);
      reader.end();
    }),
    { numRuns: 2_000, seed: 2 },
  );
});

Deno.test("decodeRecord() reads back whatever encodeRecord() wrote, and no part of it", () => {
  const writer = new ByteWriter();
  fc.assert(
    fc.property(anyRecord, fc.nat(), (record, cut) => {
      const bytes = encodeRecord(record, writer).slice();
      assert.deepEqual(decodeRecord(bytes), record);
      const part = bytes.subarray(0, cut % bytes.length);
      assert.throws(() => decodeRecord(part), DecodeError);
    }),
    { numRuns: 1_000, seed: 3 },
  );
});

Deno.test("readMessage() refuses bits, votes, digests and kinds that do not exist", () => {
  const read = (write: (writer: ByteWriter) => void) => () => {
    const writer = new ByteWriter();
    write(writer);
    return readMessage(new ByteReader(writer.take()));
  };
  assert.throws(read((to) => to.u8(200)), /kind 200 is not known/);
  assert.throws(read((to) => to.u8(2).varint(1).varint(0).u8(2).u8(0)), /Bit 2/);
  assert.throws(read((to) => to.u8(3).varint(1).varint(0).u8(3).u8(0)), /Vote 3/);
  assert.throws(read((to) => to.u8(5).string("a b/00")), /"a b\/00" is no digest/);
  assert.throws(read((to) => to.u8(5).string("")), /"" is no digest/);
});

Deno.test("decodeRecord() refuses a message that is never recorded", () => {
  const writer = new ByteWriter();
  writer.u8(2);
  writeMessage(writer, { type: "fetch", from: 1 });
  assert.throws(() => decodeRecord(writer.take()), /A fetch message is never recorded/);
});
