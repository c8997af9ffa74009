/**
 * The bytes of a log segment: header, records, and what counts as damage.
 *
 * Pure functions over bytes; files are the business of `durable_log.ts`. A segment is
 *
 *     "AETHWAL" | u8 version | u32 log id | u64 first index | u32 checksum of the header
 *     then per record: u32 length | u32 crc32c | u8 type | body
 *
 * where length counts type and body, and the checksum covers length, type and body, starting from
 * the log id, so that a record of another log, even one kept as a value in this one, never passes.
 *
 * A power cut leaves the last write torn: bytes that are no record, and after them nothing that is
 * one. Anything else is damage, and a damaged log is refused, because what it lost may have been
 * acknowledged.
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../../base/codec.ts";
import { crc32c, Crc32cRanges } from "../../base/crc32.ts";
import { AetherError } from "../../base/errors.ts";

/** The format that this version writes; it reads the same. */
const SEGMENT_VERSION = 1;

const MAGIC = new TextEncoder().encode("AETHWAL");
/** Bytes of the header. */
export const SEGMENT_HEADER_BYTES = MAGIC.length + 1 + 4 + 8 + 4;
/** Bytes that a record takes beside its body. */
export const RECORD_OVERHEAD_BYTES = 4 + 4 + 1;
const PREFIX_BYTES = 8;

/** One record of a log. */
export interface LogRecord {
  /** Its place in the log: the first has 1, every further one is one higher. */
  readonly index: number;
  /** What it is, 0 to 255: the owner of the log decides. */
  readonly type: number;
  readonly body: Uint8Array;
}

/** Which segment of which log. */
export interface SegmentIdentity {
  readonly logId: number;
  readonly firstIndex: number;
}

/** What {@link readSegment} found. */
export interface SegmentContent {
  readonly identity: SegmentIdentity;
  readonly records: LogRecord[];
  /** Bytes up to the end of the last record; what follows, if anything, is a torn write. */
  readonly validBytes: number;
}

/** How to read a segment. */
export interface ReadSegmentOptions {
  /** The file, for messages. */
  readonly name: string;
  /** Only the last segment may end in a torn write. */
  readonly isLast: boolean;
  /** The body limit with which the log is written. */
  readonly maxBodyBytes: number;
}

/** The first bytes of a segment. */
export function encodeSegmentHeader(identity: SegmentIdentity): Uint8Array {
  const writer = new ByteWriter(SEGMENT_HEADER_BYTES);
  writer.raw(MAGIC).u8(SEGMENT_VERSION).u32(identity.logId).u64(identity.firstIndex);
  return writer.u32(crc32c(writer.view())).take();
}

/** Appends a record. */
export function writeRecord(
  writer: ByteWriter,
  logId: number,
  record: { readonly type: number; readonly body: Uint8Array },
): void {
  const start = writer.length;
  writer.u32(record.body.length + 1).u32(0).u8(record.type).raw(record.body);
  const bytes = writer.view();
  writer.patchU32(start + 4, crc32c(bytes, lengthChecksum(bytes, start, logId), start + 8));
}

/**
 * The records of a segment.
 *
 * @throws {AetherError} STORAGE_FORMAT for an unknown version; STORAGE_CORRUPT, naming file and
 *   offset, for any damage but a torn write at the end of the last segment.
 */
export function readSegment(bytes: Uint8Array, options: ReadSegmentOptions): SegmentContent {
  const identity = readHeader(bytes, options.name);
  const records: LogRecord[] = [];
  let offset = SEGMENT_HEADER_BYTES;
  for (;;) {
    const length = recordLength(bytes, offset, options.maxBodyBytes);
    if (length === undefined || !hasChecksum(bytes, offset, length, identity.logId)) break;
    const bodyStart = offset + RECORD_OVERHEAD_BYTES;
    offset += PREFIX_BYTES + length;
    records.push({
      index: identity.firstIndex + records.length,
      type: bytes[bodyStart - 1] as number, // in bounds: the length was checked
      body: bytes.slice(bodyStart, offset),
    });
  }
  if (offset < bytes.length) {
    if (!options.isLast) {
      throw corrupt(options.name, offset, "a record is damaged and later segments exist");
    }
    const next = findRecord(bytes, offset + 1, identity.logId, options.maxBodyBytes);
    if (next !== undefined) {
      throw corrupt(options.name, offset, `a record is damaged and byte ${next} has a whole one`);
    }
  }
  return { identity, records, validBytes: offset };
}

/** The error of a damaged file. */
export function corrupt(name: string, offset: number, what: string): AetherError {
  return new AetherError("STORAGE_CORRUPT", `File "${name}" is damaged at byte ${offset}: ${what}`);
}

/** The error of a file in a format that this version does not know. */
export function unknownFormat(
  name: string,
  found: number | string,
  supported: number,
): AetherError {
  return new AetherError(
    "STORAGE_FORMAT",
    `File "${name}" has format ${found}, this version of aether supports ${supported}`,
  );
}

function readHeader(bytes: Uint8Array, name: string): SegmentIdentity {
  // Headers are written whole before a segment exists: a short one is damage, not a torn write.
  if (bytes.length < SEGMENT_HEADER_BYTES) {
    throw corrupt(name, bytes.length, "the header is cut off");
  }
  const reader = new ByteReader(bytes);
  const magic = reader.raw(MAGIC.length);
  if (magic.some((byte, i) => byte !== MAGIC[i])) throw corrupt(name, 0, "this is no log segment");
  const version = reader.u8();
  if (version !== SEGMENT_VERSION) throw unknownFormat(name, version, SEGMENT_VERSION);
  const checksumAt = SEGMENT_HEADER_BYTES - 4;
  if (crc32c(bytes, 0, 0, checksumAt) !== u32At(bytes, checksumAt)) {
    throw corrupt(name, MAGIC.length, "the header's checksum does not match");
  }
  return { logId: reader.u32(), firstIndex: reader.u64() };
}

/** The length field at an offset; undefined when no record can start there. */
function recordLength(bytes: Uint8Array, offset: number, maxBodyBytes: number): number | undefined {
  if (bytes.length - offset < RECORD_OVERHEAD_BYTES) return undefined;
  const length = u32At(bytes, offset);
  const isPossible = length >= 1 && length <= maxBodyBytes + 1 &&
    length <= bytes.length - offset - PREFIX_BYTES;
  return isPossible ? length : undefined;
}

function hasChecksum(bytes: Uint8Array, offset: number, length: number, logId: number): boolean {
  const start = offset + PREFIX_BYTES;
  const checksum = crc32c(bytes, lengthChecksum(bytes, offset, logId), start, start + length);
  return checksum === u32At(bytes, offset + 4);
}

/** Where the first whole record from an offset on starts, wherever records may begin. */
function findRecord(
  bytes: Uint8Array,
  from: number,
  logId: number,
  maxBodyBytes: number,
): number | undefined {
  const tail = bytes.subarray(from);
  let ranges: Crc32cRanges | undefined;
  for (let offset = 0; offset < tail.length; offset++) {
    const length = recordLength(tail, offset, maxBodyBytes);
    if (length === undefined) continue;
    // In random bytes one offset in some hundred looks possible: each is checked in constant time.
    ranges ??= new Crc32cRanges(tail);
    const start = offset + PREFIX_BYTES;
    const checksum = ranges.range(start, start + length, lengthChecksum(tail, offset, logId));
    if (checksum === u32At(tail, offset + 4)) return from + offset;
  }
  return undefined;
}

function lengthChecksum(bytes: Uint8Array, offset: number, logId: number): number {
  return crc32c(bytes, logId, offset, offset + 4);
}

function u32At(bytes: Uint8Array, offset: number): number {
  const low = (bytes[offset] as number) | ((bytes[offset + 1] as number) << 8);
  return (low | ((bytes[offset + 2] as number) << 16) | ((bytes[offset + 3] as number) << 24)) >>>
    0;
}
