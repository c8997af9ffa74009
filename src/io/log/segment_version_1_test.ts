/** Segments as version 1 wrote them, which grew with every write: still read, by its rules. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRandom } from "../../base/random.ts";
import { readSegment, SEGMENT_HEADER_BYTES } from "./segment.ts";
import { segmentOfVersion1 } from "./version_1_fixture_test.ts";

fc.configureGlobal({ seed: 34 });

const IDENTITY = { logId: 77, firstIndex: 5 };
const OPTIONS = { name: "wal-5.log", isLast: true, maxBodyBytes: 1000 };

function segmentOf(bodies: readonly Uint8Array[], logId = IDENTITY.logId): Uint8Array<ArrayBuffer> {
  return segmentOfVersion1({ ...IDENTITY, logId }, bodies);
}

/** Bytes that a record with such a body takes. */
function recordBytes(body: Uint8Array): number {
  return segmentOf([body]).length - SEGMENT_HEADER_BYTES;
}

const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
const corruptAt = (offset: number) => ({
  name: "STORAGE_CORRUPT",
  message: new RegExp(`File "wal-5.log" is damaged at byte ${offset}:`),
});

Deno.test("readSegment() of version 1 reads back what was written", () => {
  fc.assert(fc.property(bodies, (written) => {
    const bytes = segmentOf(written);
    const content = readSegment(bytes, OPTIONS);
    assert.deepEqual(content, {
      version: 1,
      identity: IDENTITY,
      records: written.map((body, i) => ({ index: 5 + i, type: 3, body })),
      validBytes: bytes.length,
    });
  }));
});

Deno.test("readSegment() of version 1 takes a cut at any byte for a torn write, in the last segment", () => {
  fc.assert(fc.property(bodies, fc.nat(), (written, cut) => {
    const whole = segmentOf(written);
    const room = whole.length - SEGMENT_HEADER_BYTES;
    const bytes = whole.subarray(0, SEGMENT_HEADER_BYTES + cut % (room + 1));
    const { records, validBytes } = readSegment(bytes, OPTIONS);
    assert.deepEqual(records.map((record) => record.body), written.slice(0, records.length));
    const next = written[records.length];
    assert.ok(validBytes <= bytes.length);
    assert.ok(next === undefined || validBytes + recordBytes(next) > bytes.length);
  }));
});

Deno.test("readSegment() of version 1 never returns a changed record, whatever byte is changed", () => {
  fc.assert(
    fc.property(bodies, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, at, mask) => {
      const bytes = segmentOf(written);
      const offset = at % bytes.length;
      bytes[offset] = (bytes[offset] as number) ^ mask;
      try {
        const { records } = readSegment(bytes, OPTIONS);
        // Only damage in the last record can pass, as a torn write.
        assert.equal(records.length, written.length - 1);
        assert.deepEqual(records.map((record) => record.body), written.slice(0, -1));
      } catch (thrown) {
        const { name } = thrown as Error;
        assert.ok(["STORAGE_CORRUPT", "STORAGE_FORMAT"].includes(name), String(thrown));
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("readSegment() of version 1 refuses damage that whole records follow, at every byte of it", () => {
  const written = [10, 20, 30].map((size) => new Uint8Array(size).fill(size));
  const second = SEGMENT_HEADER_BYTES + recordBytes(new Uint8Array(10));
  for (let i = 0; i < recordBytes(new Uint8Array(20)); i++) {
    const bytes = segmentOf(written);
    bytes[second + i] = (bytes[second + i] as number) ^ 0x55;
    assert.throws(() => readSegment(bytes, OPTIONS), corruptAt(second));
  }
});

Deno.test("readSegment() of version 1 refuses a hole of zeros and a hole of missing bytes", () => {
  const written = [10, 20, 30].map((size) => new Uint8Array(size).fill(size));
  const second = SEGMENT_HEADER_BYTES + recordBytes(new Uint8Array(10));
  const zeros = segmentOf(written).fill(0, second, second + recordBytes(new Uint8Array(20)));
  assert.throws(() => readSegment(zeros, OPTIONS), corruptAt(second));
  const whole = segmentOf(written);
  const missing = Uint8Array.of(...whole.subarray(0, second + 5), ...whole.subarray(second + 12));
  assert.throws(() => readSegment(missing, OPTIONS), corruptAt(second));
});

Deno.test("readSegment() of version 1 refuses a torn write in a segment that is not the last", () => {
  const bytes = segmentOf([new Uint8Array(10), new Uint8Array(20)]).subarray(0, -1);
  const second = SEGMENT_HEADER_BYTES + recordBytes(new Uint8Array(10));
  assert.throws(() => readSegment(bytes, { ...OPTIONS, isLast: false }), corruptAt(second));
});

Deno.test("readSegment() of version 1 takes a torn write that contains records of other logs for torn", () => {
  const excerpt = segmentOf([Uint8Array.of(1), Uint8Array.of(2)], 99).subarray(
    SEGMENT_HEADER_BYTES,
  );
  const bytes = segmentOf([Uint8Array.of(7), excerpt]).subarray(0, -1);
  assert.equal(readSegment(bytes, OPTIONS).records.length, 1);
});

Deno.test("readSegment() of version 1 decides about megabytes of random torn bytes", () => {
  const random = new SeededRandom("torn").bytes(4 * 1024 * 1024);
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES + random.length);
  bytes.set(segmentOf([]));
  bytes.set(random, SEGMENT_HEADER_BYTES);
  const options = { ...OPTIONS, maxBodyBytes: 16 * 1024 * 1024 };
  assert.equal(readSegment(bytes, options).validBytes, SEGMENT_HEADER_BYTES);
});

Deno.test("the format of version 1 is the recorded one", () => {
  assert.equal(
    segmentOf([Uint8Array.of(1, 2)]).toHex(),
    "4145544857414c01" + "4d000000" + "0500000000000000" + "74fa303b" +
      "03000000" + "f624f5e2" + "03" + "0102",
  );
});
