/**
 * The files of a log: their names, and how one is made, opened for appending, and read.
 *
 * What is in them is the business of `segment.ts`; `durable_log.ts` decides when to begin one.
 *
 * @module
 */
import type { AppendFile, Storage } from "../../base/storage.ts";
import { corrupt, encodeSegmentHeader, readSegment, type SegmentContent } from "./segment.ts";

/** Space that a segment gets at once; a segment may be smaller. */
const RESERVE_BYTES = 256 * 1024;

const NAME_PATTERN = /^wal-(\d{16})\.log$/;

/** One file of a log. */
export interface SegmentFile {
  readonly name: string;
  readonly firstIndex: number;
  /** Known once nothing is added any more. */
  sizeBytes: number;
}

/** Whether a file of a storage belongs to a log. */
export function isSegmentName(name: string): boolean {
  return NAME_PATTERN.test(name);
}

/** The segments in a storage, oldest first. */
export async function listSegments(storage: Storage): Promise<SegmentFile[]> {
  return (await storage.list()).flatMap((name) => {
    const match = NAME_PATTERN.exec(name);
    return match === null ? [] : [{ name, firstIndex: Number(match[1]), sizeBytes: 0 }];
  });
}

/** Makes an empty segment, durably. */
export async function createSegment(
  storage: Storage,
  logId: number,
  firstIndex: number,
): Promise<SegmentFile> {
  const name = `wal-${String(firstIndex).padStart(16, "0")}.log`;
  await storage.writeAtomic(name, [encodeSegmentHeader({ logId, firstIndex })]);
  return { name, firstIndex, sizeBytes: 0 };
}

/** Opens a segment at its end, to be continued up to a size. */
export function openSegment(
  storage: Storage,
  { name }: SegmentFile,
  { segmentBytes }: { readonly segmentBytes: number },
): Promise<AppendFile> {
  return storage.openAppend(name, { reserveBytes: Math.min(RESERVE_BYTES, segmentBytes) });
}

/** How {@link loadSegment} reads. */
export interface LoadSegmentOptions {
  readonly logId: number;
  readonly maxBodyBytes: number;
  readonly isLast: boolean;
  /** The index with which the segment must begin. */
  readonly nextIndex: number;
}

/** Reads one segment and checks that it belongs here; cuts off what follows in the last one. */
export async function loadSegment(
  storage: Storage,
  segment: SegmentFile,
  options: LoadSegmentOptions,
): Promise<SegmentContent> {
  const { name, firstIndex } = segment;
  const bytes = await storage.read(name);
  if (bytes === undefined) throw corrupt(name, 0, "the file has vanished");
  const content = readSegment(bytes, { ...options, name });
  if (content.identity.logId !== options.logId) {
    throw corrupt(name, 0, "it belongs to another node's log");
  }
  if (content.identity.firstIndex !== firstIndex || firstIndex !== options.nextIndex) {
    throw corrupt(name, 0, `it begins with record ${firstIndex}, not ${options.nextIndex}`);
  }
  if (options.isLast && content.validBytes < bytes.length) {
    await storage.truncate(name, content.validBytes);
  }
  return content;
}
