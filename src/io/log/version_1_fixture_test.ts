/**
 * Log segments as version 1 wrote them, for tests of what became of them.
 *
 * @module
 */
import { ByteWriter } from "../../base/codec.ts";
import { crc32c } from "../../base/crc32.ts";
import { writeRecord } from "./record.ts";
import type { SegmentIdentity } from "./segment.ts";

/** A segment with records of type 3. */
export function segmentOfVersion1(
  { logId, firstIndex }: SegmentIdentity,
  bodies: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().raw(new TextEncoder().encode("AETHWAL")).u8(1);
  writer.u32(logId).u64(firstIndex);
  writer.u32(crc32c(writer.view()));
  for (const body of bodies) writeRecord(writer, logId, { type: 3, body });
  return writer.take();
}
