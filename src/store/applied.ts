/**
 * The bytes of what applying a command did, as snapshots hold it.
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../base/codec.ts";
import { type Applied, outcomes } from "../protocol/store/command.ts";

/** Writes an answer. */
export function writeApplied(applied: Applied, writer: ByteWriter): void {
  writer.u8(outcomes.indexOf(applied.outcome)).varint(applied.revision)
    .u8(applied.succeeded ? 1 : 0).varint(applied.deleted);
}

/**
 * Reads an answer.
 *
 * @throws {DecodeError} when the bytes are none.
 */
export function readApplied(reader: ByteReader): Applied {
  const outcome = outcomes[reader.u8()];
  if (outcome === undefined) throw new DecodeError("Outcome is not known", reader.offset - 1);
  const revision = reader.varint();
  const succeeded = reader.u8() === 1;
  return { outcome, revision, succeeded, deleted: reader.varint() };
}
