import assert from "node:assert/strict";
import fc from "fast-check";
import { InvariantError } from "../assert.ts";
import { ByteWriter, DecodeError } from "../codec.ts";
import { FrameReader, writeFrame } from "./frame.ts";

fc.configureGlobal({ seed: 34 });

function streamOf(frames: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter();
  for (const frame of frames) writeFrame(writer, frame);
  return writer.take();
}

function readAll(reader: FrameReader, chunk: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  reader.push(chunk);
  for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame.slice());
  return frames;
}

Deno.test("FrameReader finds the same frames however the stream is cut", () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 });
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
  fc.assert(fc.property(frames, cuts, (sent, sizes) => {
    const stream = streamOf(sent);
    const reader = new FrameReader(50);
    const received: Uint8Array[] = [];
    for (let offset = 0, i = 0; offset < stream.length; i++) {
      const size = sizes[i % sizes.length] ?? 1;
      // The chunk is overwritten afterwards, as a read buffer is.
      const chunk = stream.slice(offset, offset + size);
      received.push(...readAll(reader, chunk));
      chunk.fill(0xee);
      offset += size;
    }
    assert.deepEqual(received, sent);
  }));
});

Deno.test("FrameReader refuses empty frames and frames beyond its limit", () => {
  const refused = /Frame of (0|11) bytes is not within 1 to 10/;
  for (const length of [0, 11]) {
    const header = new ByteWriter().u32(length).take();
    assert.throws(() => readAll(new FrameReader(10), header), refused);
    const slow = new FrameReader(10);
    assert.deepEqual(readAll(slow, header.subarray(0, 3)), []);
    assert.throws(() => readAll(slow, header.subarray(3)), DecodeError);
  }
});

Deno.test("FrameReader holds what has arrived, not what a peer claims to send", () => {
  const reader = new FrameReader(2 ** 31);
  assert.deepEqual(
    readAll(reader, new ByteWriter().u32(2 ** 31).raw(new Uint8Array(9)).take()),
    [],
  );
});

Deno.test("writeFrame() refuses an empty payload", () => {
  assert.throws(() => writeFrame(new ByteWriter(), new Uint8Array(0)), InvariantError);
});
