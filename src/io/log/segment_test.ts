import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter } from "../../base/codec.ts";
import { SeededRandom } from "../../base/random.ts";
import { encodeMarker, MARKER_BYTES, recordSeed, writeRecord } from "./record.ts";
import { encodeSegmentHeader, readSegment, SEGMENT_HEADER_BYTES } from "./segment.ts";

fc.configureGlobal({ seed: 34 });

const IDENTITY = { logId: 77, firstIndex: 5 };
const OPTIONS = { name: "wal-5.log", isLast: true, maxBodyBytes: 1000 };
const RESERVE_BYTES = 64;

interface Written {
  /** With zeros behind the last commit. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each commit starts, and where the last one ends. */
  readonly starts: number[];
}

/** A segment with the bodies of every commit. */
function segmentOf(commits: readonly (readonly Uint8Array[])[]): Written {
  const { logId, firstIndex } = IDENTITY;
  const writer = new ByteWriter().raw(encodeSegmentHeader(IDENTITY));
  const starts: number[] = [];
  let nextIndex = firstIndex;
  for (const bodies of commits) {
    starts.push(writer.length);
    writer.raw(encodeMarker(logId, { offset: writer.length, nextIndex }));
    for (const body of bodies) {
      writeRecord(writer, recordSeed(logId, nextIndex++), { type: 3, body });
    }
  }
  starts.push(writer.length);
  return { bytes: writer.raw(new Uint8Array(RESERVE_BYTES)).take(), starts };
}

const body = (size: number) => new Uint8Array(size).fill(size);
const THREE = [[body(10), body(20)], [body(30)], [body(40), body(50)]];

const commits = fc.array(
  fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 3 }),
  { maxLength: 5 },
);
const corruptAt = (offset: number) => ({
  name: "STORAGE_CORRUPT",
  message: new RegExp(`File "wal-5.log" is damaged at byte ${offset}:`),
});

function bodiesIn(bytes: Uint8Array, isLast = true): Uint8Array[] {
  return readSegment(bytes, { ...OPTIONS, isLast }).records.map((record) => record.body);
}

Deno.test("readSegment() reads back what was written, without markers and reserve", () => {
  fc.assert(fc.property(commits, fc.boolean(), (written, isLast) => {
    const { bytes, starts } = segmentOf(written);
    assert.deepEqual(readSegment(bytes, { ...OPTIONS, isLast }), {
      version: 2,
      identity: IDENTITY,
      records: written.flat().map((body, i) => ({ index: 5 + i, type: 3, body })),
      validBytes: starts.at(-1),
    });
  }));
});

Deno.test("readSegment() takes any lost sectors of the last commit for a torn one", () => {
  const sectorBytes = 16;
  const { bytes, starts } = segmentOf(THREE);
  const [, , start = 0, end = 0] = starts;
  const whole = THREE.slice(0, 2).flat();
  const sectors = Math.ceil(end / sectorBytes) - Math.floor(start / sectorBytes);
  const counts = new Set<number>();
  for (let kept = 0; kept < 2 ** sectors; kept++) {
    const torn = bytes.slice();
    for (let i = 0; i < sectors; i++) {
      if (kept & (1 << i)) continue;
      const from = (Math.floor(start / sectorBytes) + i) * sectorBytes;
      torn.fill(0, Math.max(start, from), from + sectorBytes);
    }
    const { records, validBytes } = readSegment(torn, OPTIONS);
    assert.ok(records.length >= whole.length && validBytes >= start && validBytes <= end);
    const bodies = records.map((record) => record.body);
    assert.deepEqual(bodies, THREE.flat().slice(0, bodies.length));
    counts.add(bodies.length);
  }
  assert.deepEqual([...counts].sort(), [3, 4, 5]);
});

Deno.test("readSegment() takes garbage anywhere in the last commit for a torn one", () => {
  const { bytes, starts } = segmentOf(THREE);
  const [, , start = 0] = starts;
  const random = new SeededRandom("garbage");
  for (let i = 0; i < 2000; i++) {
    const torn = bytes.slice();
    const from = start + random.nextBelow(bytes.length - start);
    torn.set(random.bytes(Math.min(bytes.length - from, 1 + random.nextBelow(60))), from);
    const bodies = bodiesIn(torn);
    assert.ok(bodies.length >= 3);
    assert.deepEqual(bodies, THREE.flat().slice(0, bodies.length));
  }
});

Deno.test("readSegment() takes a cut at any byte of the last commit for a torn one", () => {
  const { bytes, starts } = segmentOf(THREE);
  for (let cut = starts[2] as number; cut <= bytes.length; cut++) {
    const bodies = bodiesIn(bytes.subarray(0, cut));
    assert.ok(bodies.length >= 3);
    assert.deepEqual(bodies, THREE.flat().slice(0, bodies.length));
  }
});

Deno.test("readSegment() refuses damage before a marker, at every byte of it", () => {
  const { bytes, starts } = segmentOf([...THREE, []]);
  const ends = starts.slice(1, -1);
  for (let at = SEGMENT_HEADER_BYTES; at < (ends.at(-1) as number); at++) {
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] as number) ^ 0x55;
    assert.throws(() => readSegment(damaged, OPTIONS), {
      name: "STORAGE_CORRUPT",
      message: /is damaged at byte \d+: it was synced before byte \d+ was written$/,
    });
  }
});

Deno.test("readSegment() refuses holes of zeros before a marker, whatever else is torn", () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.nat(), (from, length, cut) => {
      const { bytes, starts } = segmentOf(THREE);
      const marker = starts[2] as number;
      const hole = SEGMENT_HEADER_BYTES + from % (marker - SEGMENT_HEADER_BYTES);
      const end = Math.min(marker, hole + 1 + length % 40);
      const isHarmless = bytes.subarray(hole, end).every((byte) => byte === 0);
      bytes.fill(0, hole, end);
      // The commit of the marker may be torn behind it.
      bytes.fill(0, marker + MARKER_BYTES + cut % 100);
      if (isHarmless) assert.ok(bodiesIn(bytes).length >= 3);
      else assert.throws(() => readSegment(bytes, OPTIONS), { name: "STORAGE_CORRUPT" });
    }),
    { numRuns: 500 },
  );
});

Deno.test("readSegment() never returns a changed record, whatever byte is changed", () => {
  fc.assert(
    fc.property(commits, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, at, mask) => {
      const { bytes, starts } = segmentOf(written);
      const offset = at % bytes.length;
      bytes[offset] = (bytes[offset] as number) ^ mask;
      try {
        const bodies = bodiesIn(bytes);
        // Only damage behind the last marker can pass, as a torn commit.
        assert.ok(offset >= (starts.at(-2) ?? SEGMENT_HEADER_BYTES));
        assert.ok(bodies.length >= written.slice(0, -1).flat().length);
        assert.deepEqual(bodies, written.flat().slice(0, bodies.length));
      } catch (thrown) {
        const { name } = thrown as Error;
        assert.ok(["STORAGE_CORRUPT", "STORAGE_FORMAT"].includes(name), String(thrown));
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("readSegment() refuses anything but zeros at the end of a segment before others", () => {
  const { bytes, starts } = segmentOf(THREE);
  const end = starts.at(-1) as number;
  assert.equal(bodiesIn(bytes, false).length, 5);
  const torn = bytes.slice().fill(0, end - 8, end - 4);
  const fifth = end - 9 - 50;
  assert.throws(() => readSegment(torn, { ...OPTIONS, isLast: false }), corruptAt(fifth));
  bytes[bytes.length - 1] = 1;
  assert.throws(() => readSegment(bytes, { ...OPTIONS, isLast: false }), corruptAt(end));
  assert.equal(bodiesIn(bytes).length, 5, "behind the last commit of all, it is torn");
});

Deno.test("readSegment() takes a torn commit whose values are copies of a log for torn", () => {
  const copy = segmentOf(THREE).bytes;
  const { bytes, starts } = segmentOf([[body(1)], [copy, body(2)]]);
  const start = starts[1] as number;
  bytes.fill(0, start, start + MARKER_BYTES + 4);
  assert.equal(readSegment(bytes, OPTIONS).validBytes, start);
});

Deno.test("readSegment() refuses a marker that disagrees about the next index", () => {
  const { bytes, starts } = segmentOf([[body(1)]]);
  const [, end = 0] = starts;
  bytes.set(encodeMarker(IDENTITY.logId, { offset: end, nextIndex: 9 }), end);
  assert.throws(() => readSegment(bytes, OPTIONS), corruptAt(end));
});

Deno.test("readSegment() decides about megabytes of random torn bytes", () => {
  const { bytes: head } = segmentOf([]);
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES + 4 * 1024 * 1024);
  bytes.set(head);
  bytes.set(new SeededRandom("torn").bytes(4 * 1024 * 1024), SEGMENT_HEADER_BYTES);
  const options = { ...OPTIONS, maxBodyBytes: 16 * 1024 * 1024 };
  assert.equal(readSegment(bytes, options).validBytes, SEGMENT_HEADER_BYTES);
});

Deno.test("readSegment() names found and supported version of an unknown format", () => {
  for (const version of [0, 9]) {
    const { bytes } = segmentOf([]);
    bytes[7] = version;
    assert.throws(() => readSegment(bytes, OPTIONS), {
      name: "STORAGE_FORMAT",
      message: `File "wal-5.log" has format ${version}, this version of aether supports 2`,
    });
  }
});

Deno.test("readSegment() refuses headers that are cut off, foreign, or changed", () => {
  const { bytes } = segmentOf([]);
  assert.throws(() => readSegment(bytes.subarray(0, 10), OPTIONS), corruptAt(10));
  assert.throws(() => readSegment(new Uint8Array(100), OPTIONS), corruptAt(0));
  bytes[12] = 1;
  assert.throws(() => readSegment(bytes, OPTIONS), /the header's checksum does not match/);
});

Deno.test("the format of a segment is the recorded one", () => {
  // A stored log must stay readable: a new layout needs a new version, and a reader for this one.
  const { bytes, starts } = segmentOf([[Uint8Array.of(1, 2)]]);
  assert.equal(
    bytes.subarray(0, starts.at(-1)).toHex(),
    "4145544857414c02" + "4d000000" + "0500000000000000" + "dbb2466a" +
      "ffffffff" + "801061b0" + "1800000000000000" + "0500000000000000" +
      "03000000" + "efcd162f" + "03" + "0102",
  );
});
