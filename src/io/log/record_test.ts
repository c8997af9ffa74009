import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "../../base/codec.ts";
import {
  encodeMarker,
  findMarker,
  MARKER_BYTES,
  markerAt,
  RECORD_OVERHEAD_BYTES,
  recordEnd,
  recordSeed,
  writeRecord,
} from "./record.ts";

const LIMITS = { seed: recordSeed(77, 5), maxBodyBytes: 100 };

function recordOf(body: Uint8Array, seed = LIMITS.seed): Uint8Array {
  const writer = new ByteWriter();
  writeRecord(writer, seed, { type: 3, body });
  return writer.take();
}

/** A marker for an offset, at an offset. */
function markerFor(offset: number, at: number): Uint8Array {
  const bytes = new Uint8Array(at + MARKER_BYTES);
  bytes.set(encodeMarker(77, { offset, nextIndex: 2 ** 33 + 9 }), at);
  return bytes;
}

Deno.test("recordEnd() finds the end of what writeRecord() wrote", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (body) => {
    const end = RECORD_OVERHEAD_BYTES + body.length;
    assert.equal(recordEnd(recordOf(body), 0, LIMITS), end);
  }));
});

Deno.test("recordEnd() refuses other places, other logs, and bodies beyond the limit", () => {
  const bytes = recordOf(new Uint8Array(101));
  assert.equal(recordEnd(bytes, 0, LIMITS), undefined);
  assert.equal(recordEnd(bytes, 0, { ...LIMITS, maxBodyBytes: 101 }), bytes.length);
  for (const seed of [recordSeed(77, 4), recordSeed(77, 6), recordSeed(78, 5)]) {
    assert.equal(recordEnd(recordOf(Uint8Array.of(1), seed), 0, LIMITS), undefined);
  }
});

Deno.test("recordEnd() takes no zeros and no marker for a record", () => {
  assert.equal(recordEnd(new Uint8Array(100), 0, LIMITS), undefined);
  assert.equal(recordEnd(markerFor(0, 0), 0, { ...LIMITS, maxBodyBytes: 2 ** 32 }), undefined);
});

Deno.test("markerAt() returns the next index of a marker that is where it says", () => {
  for (const at of [0, 1, 1000]) {
    assert.equal(markerAt(markerFor(at, at), at, 77), 2 ** 33 + 9);
    assert.equal(markerAt(markerFor(at + 1, at), at, 77), undefined, "a copy elsewhere");
    assert.equal(markerAt(markerFor(at, at), at, 78), undefined, "another log's");
    assert.equal(markerAt(markerFor(at, at).subarray(0, -1), at, 77), undefined, "cut off");
  }
});

Deno.test("markerAt() takes no changed marker, whatever bit is changed", () => {
  for (let bit = 0; bit < MARKER_BYTES * 8; bit++) {
    const bytes = markerFor(10, 10);
    const at = 10 + Math.floor(bit / 8);
    bytes[at] = (bytes[at] as number) ^ (1 << (bit % 8));
    assert.equal(markerAt(bytes, 10, 77), undefined, `bit ${bit}`);
  }
});

Deno.test("findMarker() finds the first whole marker wherever it is", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 60 }), (before, from) => {
    const bytes = markerFor(before.length, before.length);
    bytes.set(before);
    const isBehind = from <= before.length;
    assert.equal(findMarker(bytes, from, 77), isBehind ? before.length : undefined);
  }));
  assert.equal(findMarker(new Uint8Array(100).fill(0xff), 0, 77), undefined);
});
