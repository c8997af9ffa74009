import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, ByteWriter, DecodeError } from "../../base/codec.ts";
import { peerProtocolVersion, readHello, writeHello } from "./hello.ts";
import { anyHello } from "./samples_test.ts";

Deno.test("readHello() reads back whatever writeHello() wrote", () => {
  fc.assert(
    fc.property(anyHello, (hello) => {
      const writer = new ByteWriter();
      writeHello(writer, hello);
      const reader = new ByteReader(writer.take());
      assert.deepEqual(readHello(reader), hello);
      reader.end();
    }),
    { numRuns: 500, seed: 4 },
  );
});

Deno.test("readHello() refuses other versions and stages that it does not know", () => {
  const next = new ByteWriter().u8(peerProtocolVersion + 1).take();
  assert.throws(() => readHello(new ByteReader(next)), /Peer speaks protocol version 2/);
  const stage = new ByteWriter().u8(peerProtocolVersion).string("a").string("b").u8(9).take();
  assert.throws(() => readHello(new ByteReader(stage)), DecodeError);
});
