/**
 * The bytes of a message in files and between nodes.
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../../base/codec.ts";
import { limits } from "../limits.ts";

/** One message of a partition, or a mark that nobody is handed. */
export interface LogEntry {
  /** Its place in the partition, from 0, without gaps. */
  readonly offset: number;
  /** Epoch of the owner that put it there. */
  readonly epoch: number;
  /** Wall time of its publishing. */
  readonly timeMs: number;
  /** Undefined without a key. */
  readonly key: string | undefined;
  /** The message's bytes; undefined for a mark. */
  readonly value: Uint8Array | undefined;
}

const hasKey = 1;
const hasValue = 2;

/** Writes an entry. */
export function writeEntry(writer: ByteWriter, entry: LogEntry): void {
  const { offset, epoch, timeMs, key, value } = entry;
  const flags = (key === undefined ? 0 : hasKey) | (value === undefined ? 0 : hasValue);
  writer.varint(offset).varint(epoch).f64(timeMs).u8(flags);
  if (key !== undefined) writer.string(key);
  if (value !== undefined) writer.bytes(value);
}

/**
 * Reads an entry.
 *
 * @throws {DecodeError} when the bytes are none.
 */
export function readEntry(reader: ByteReader): LogEntry {
  const offset = reader.varint();
  const epoch = reader.varint();
  const timeMs = reader.f64();
  const flags = reader.u8();
  if (flags > (hasKey | hasValue)) throw new DecodeError(`Flags ${flags} are not known`, 0);
  const key = (flags & hasKey) === 0 ? undefined : reader.string(limits.messageKeyBytes);
  const value = (flags & hasValue) === 0 ? undefined : reader.bytes(limits.messageBytes);
  return { offset, epoch, timeMs, key, value };
}
