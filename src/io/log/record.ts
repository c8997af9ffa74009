/**
 * What a log segment is made of after its header: records, and the markers between commits.
 *
 *     record: u32 length of type and body | u32 crc32c | u8 type | body
 *     marker: u32 2^32 - 1 | u32 crc32c | u64 its own offset in the file | u64 next index
 *
 * A checksum covers everything but itself. It starts from a number of the log and, since version 2,
 * of the record's place in it: a record of another log or place, even one kept as a value in this
 * one, never passes. `segment.ts` says what markers are for, and judges what is found here.
 *
 * @module
 */
import { ByteWriter } from "../../base/codec.ts";
import { crc32c, Crc32cRanges } from "../../base/crc32.ts";

/** Bytes that a record takes beside its body. */
export const RECORD_OVERHEAD_BYTES = 4 + 4 + 1;
/** Bytes of a marker. */
export const MARKER_BYTES = 4 + 4 + 8 + 8;
const PREFIX_BYTES = 8;
/** The length field of a marker; no record is that long. */
const MARKER_LENGTH = 0xffff_ffff;

/** Where a marker is, and between which records. */
export interface Marker {
  /** Bytes before it in its file. */
  readonly offset: number;
  /** The index of the record that follows. */
  readonly nextIndex: number;
}

/** What a record must agree with. */
export interface RecordLimits {
  /** What its checksum starts from. */
  readonly seed: number;
  readonly maxBodyBytes: number;
}

/** What the checksum of a record starts from; below 2^32 indexes no two records share it. */
export function recordSeed(logId: number, index: number): number {
  return (logId ^ index) >>> 0;
}

/** Appends a record. */
export function writeRecord(
  writer: ByteWriter,
  seed: number,
  record: { readonly type: number; readonly body: Uint8Array },
): void {
  const start = writer.length;
  writer.u32(record.body.length + 1).u32(0).u8(record.type).raw(record.body);
  writer.patchU32(start + 4, checksum(writer.view(), seed, start, writer.length));
}

/** The bytes of a marker. */
export function encodeMarker(logId: number, marker: Marker): Uint8Array {
  const writer = new ByteWriter(MARKER_BYTES);
  writer.u32(MARKER_LENGTH).u32(0).u64(marker.offset).u64(marker.nextIndex);
  return writer.patchU32(4, checksum(writer.view(), logId, 0, MARKER_BYTES)).take();
}

/** Where the record that starts at an offset ends; undefined when there is no whole one. */
export function recordEnd(
  bytes: Uint8Array,
  offset: number,
  limits: RecordLimits,
): number | undefined {
  const length = recordLength(bytes, offset, limits.maxBodyBytes);
  if (length === undefined) return undefined;
  const end = offset + PREFIX_BYTES + length;
  return checksum(bytes, limits.seed, offset, end) === u32At(bytes, offset + 4) ? end : undefined;
}

/** The next index that the marker at an offset of a file gives; undefined without a whole one. */
export function markerAt(bytes: Uint8Array, offset: number, logId: number): number | undefined {
  const end = offset + MARKER_BYTES;
  if (bytes.length < end || u32At(bytes, offset) !== MARKER_LENGTH) return undefined;
  if (checksum(bytes, logId, offset, end) !== u32At(bytes, offset + 4)) return undefined;
  return u64At(bytes, offset + 8) === offset ? u64At(bytes, offset + 16) : undefined;
}

/** The offset of the first whole marker from an offset on. */
export function findMarker(bytes: Uint8Array, from: number, logId: number): number | undefined {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    if (markerAt(bytes, at, logId) !== undefined) return at;
  }
  return undefined;
}

/** Where the first whole record from an offset on starts, wherever records may begin. */
export function findRecord(
  bytes: Uint8Array,
  from: number,
  limits: RecordLimits,
): number | undefined {
  const tail = bytes.subarray(from);
  let ranges: Crc32cRanges | undefined;
  for (let offset = 0; offset < tail.length; offset++) {
    const length = recordLength(tail, offset, limits.maxBodyBytes);
    if (length === undefined) continue;
    // In random bytes one offset in some hundred looks possible: each is checked in constant time.
    ranges ??= new Crc32cRanges(tail);
    const start = offset + PREFIX_BYTES;
    const before = crc32c(tail, limits.seed, offset, offset + 4);
    if (ranges.range(start, start + length, before) === u32At(tail, offset + 4)) {
      return from + offset;
    }
  }
  return undefined;
}

/** The four bytes of an offset as an unsigned integer. */
export function u32At(bytes: Uint8Array, offset: number): number {
  const low = (bytes[offset] as number) | ((bytes[offset + 1] as number) << 8);
  return (low | ((bytes[offset + 2] as number) << 16) | ((bytes[offset + 3] as number) << 24)) >>>
    0;
}

function u64At(bytes: Uint8Array, offset: number): number {
  return u32At(bytes, offset) + u32At(bytes, offset + 4) * 2 ** 32;
}

/** The length field at an offset; undefined when no record can start there. */
function recordLength(bytes: Uint8Array, offset: number, maxBodyBytes: number): number | undefined {
  if (bytes.length - offset < RECORD_OVERHEAD_BYTES) return undefined;
  const length = u32At(bytes, offset);
  const isPossible = length >= 1 && length <= maxBodyBytes + 1 &&
    length <= bytes.length - offset - PREFIX_BYTES;
  return isPossible ? length : undefined;
}

/** Of what is at `bytes[start..end)`, without the checksum itself. */
function checksum(bytes: Uint8Array, seed: number, start: number, end: number): number {
  return crc32c(bytes, crc32c(bytes, seed, start, start + 4), start + PREFIX_BYTES, end);
}
