/**
 * The bytes of a log segment: header, commits, and what counts as damage.
 *
 * Pure functions over bytes; files are the business of `durable_log.ts`. A segment is
 *
 *     "AETHWAL" | u8 version | u32 log id | u64 first index | u32 checksum of the header
 *     then per commit: a marker and records, see `record.ts`
 *     then zeros: space that was reserved for what comes
 *
 * A power cut leaves the last commit torn, and a torn commit is cut off: nobody was told that it is
 * there. Anything else is damage, and a damaged log is refused, because what it lost may have been
 * acknowledged. Which of the two it is follows from how a log is written:
 *
 * 1. A commit is one write and one sync, and it begins only after the previous one is durable.
 * 2. Before the first commit, what was found when the log was opened is made durable, and a torn
 *    commit is cut off durably.
 * 3. Space behind the last commit holds zeros, and no commit is all zeros.
 *
 * So after a power cut everything before the last marker that was ever written is as it was
 * written, and of the last commit any sectors may be there, in any order, for it goes into space
 * that the file already has. A marker therefore proves that what is before it was durable: if there
 * is one behind a damaged spot, then synced data is damaged. If there is none, the damaged spot is
 * in the last commit. It was torn; or its sync had ended and the disk damaged it later, which
 * nothing on disk can tell from a torn one. The marker with which a log is closed narrows that
 * down: of a log that was closed, no record passes for torn. A record behind a damaged spot proves
 * nothing, and neither does a marker that is a value's content: a marker names its own offset.
 *
 * One assumption is about the disk: a sector that is written again with the same beginning keeps
 * that beginning when the power is cut. The first sector of a commit holds the end of the previous.
 *
 * Segments but the last are whole, since a new one is begun only after a sync, and the first index
 * of the next one tells that no record is missing where the zeros begin.
 *
 * Version 1 had no markers and no reserve: its file grew with every write, so a power cut left a
 * beginning of the last write, and a whole record behind a damaged spot proved damage. Segments of
 * version 1 are still read by that rule, and continued in a new segment.
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../../base/codec.ts";
import { crc32c } from "../../base/crc32.ts";
import { AetherError } from "../../base/errors.ts";
import {
  findMarker,
  findRecord,
  MARKER_BYTES,
  markerAt,
  RECORD_OVERHEAD_BYTES,
  recordEnd,
  recordSeed,
  u32At,
} from "./record.ts";

/** The format that this version writes; it also reads version 1. */
export const SEGMENT_VERSION = 2;

const MAGIC = new TextEncoder().encode("AETHWAL");
/** Bytes of the header. */
export const SEGMENT_HEADER_BYTES = MAGIC.length + 1 + 4 + 8 + 4;

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
  readonly version: number;
  readonly identity: SegmentIdentity;
  readonly records: LogRecord[];
  /** Bytes up to the end of the last record or marker; what follows is reserve, or torn. */
  readonly validBytes: number;
}

/** How to read a segment. */
export interface ReadSegmentOptions {
  /** The file, for messages. */
  readonly name: string;
  /** Only the last segment may end in a torn commit. */
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

/**
 * The records of a segment.
 *
 * @throws {AetherError} STORAGE_FORMAT for an unknown version; STORAGE_CORRUPT, naming file and
 *   offset, for any damage but a torn commit at the end of the last segment.
 */
export function readSegment(bytes: Uint8Array, options: ReadSegmentOptions): SegmentContent {
  const { version, identity } = readHeader(bytes, options.name);
  const { logId, firstIndex } = identity;
  const { maxBodyBytes } = options;
  const records: LogRecord[] = [];
  let offset = SEGMENT_HEADER_BYTES;
  for (;;) {
    const index = firstIndex + records.length;
    if (version > 1 && markerAt(bytes, offset, logId) === index) {
      offset += MARKER_BYTES;
      continue;
    }
    const seed = version > 1 ? recordSeed(logId, index) : logId;
    const end = recordEnd(bytes, offset, { seed, maxBodyBytes });
    if (end === undefined) break;
    const bodyStart = offset + RECORD_OVERHEAD_BYTES;
    const type = bytes[bodyStart - 1] as number; // in bounds: the length was checked
    records.push({ index, type, body: bytes.slice(bodyStart, end) });
    offset = end;
  }
  const content = { version, identity, records, validBytes: offset };
  judgeRest(bytes, content, options);
  return content;
}

/** Refuses what follows the last valid byte, unless it is reserve or torn. */
function judgeRest(bytes: Uint8Array, content: SegmentContent, options: ReadSegmentOptions): void {
  const { version, identity: { logId }, validBytes } = content;
  const { name, isLast, maxBodyBytes } = options;
  if (validBytes === bytes.length || version > 1 && isZero(bytes, validBytes)) return;
  if (!isLast) throw corrupt(name, validBytes, "a record is damaged and later segments exist");
  if (version > 1) {
    const marker = findMarker(bytes, validBytes, logId);
    if (marker === undefined) return;
    throw corrupt(name, validBytes, `it was synced before byte ${marker} was written`);
  }
  const record = findRecord(bytes, validBytes + 1, { seed: logId, maxBodyBytes });
  if (record === undefined) return;
  throw corrupt(name, validBytes, `a record is damaged and byte ${record} has a whole one`);
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

function readHeader(
  bytes: Uint8Array,
  name: string,
): { readonly version: number; readonly identity: SegmentIdentity } {
  // Headers are written whole before a segment exists: a short one is damage, not a torn write.
  if (bytes.length < SEGMENT_HEADER_BYTES) {
    throw corrupt(name, bytes.length, "the header is cut off");
  }
  const reader = new ByteReader(bytes);
  const magic = reader.raw(MAGIC.length);
  if (magic.some((byte, i) => byte !== MAGIC[i])) throw corrupt(name, 0, "this is no log segment");
  const version = reader.u8();
  if (version < 1 || version > SEGMENT_VERSION) throw unknownFormat(name, version, SEGMENT_VERSION);
  const checksumAt = SEGMENT_HEADER_BYTES - 4;
  if (crc32c(bytes, 0, 0, checksumAt) !== u32At(bytes, checksumAt)) {
    throw corrupt(name, MAGIC.length, "the header's checksum does not match");
  }
  return { version, identity: { logId: reader.u32(), firstIndex: reader.u64() } };
}

function isZero(bytes: Uint8Array, from: number): boolean {
  for (let i = from; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}
