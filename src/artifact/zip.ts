/**
 * Zip archives, written always the same and read with suspicion.
 *
 * Writing goes through `fflate` with a fixed time and sorted names, so that equal contents give
 * equal bytes. Reading parses the directory here and inflates one entry at a time within a declared
 * size, because an archive may come from anybody: no symlinks, folders, encryption or Zip64.
 * `package.ts` is the only caller.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";
import { crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { zipSync } from "fflate";
import { AetherError } from "../base/errors.ts";

/** Files of an archive by name. */
export type ZipContents = Readonly<Record<string, Uint8Array>>;

/** One file of an archive that was opened; nothing is inflated yet. */
export interface ZipEntry {
  readonly name: string;
  /** Size that the archive declares, in bytes; `read()` never gives more. */
  readonly sizeBytes: number;
  /**
   * Inflates the file and checks its checksum.
   *
   * @throws {AetherError} ARTIFACT_INVALID when it is damaged or larger than declared.
   */
  read(): Uint8Array<ArrayBuffer>;
  /** The same in many turns of the event loop, for a thread that has other things to do. */
  readInTurns(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Limits that are checked before anything is inflated. */
export interface ZipLimits {
  /** Files in the archive. */
  readonly entriesMax: number;
  /** All files together, in bytes. */
  readonly totalBytes: number;
}

const endSignature = 0x06054b50;
const endBytes = 22;
const centralSignature = 0x02014b50;
const centralBytes = 46;
const localSignature = 0x04034b50;
const localBytes = 30;
const stored = 0;
const deflated = 8;
const encryptedFlag = 1;
const fileTypeMask = 0xf000;
const symlinkType = 0xa000;
const nameLengthMax = 255;
/** What is inflated in one turn. */
const pieceBytes = 256 * 1024;

/**
 * Packs files, sorted by name, with the oldest time that zip can express.
 *
 * @example
 * ```ts
 * import { openZip, writeZip } from "./zip.ts";
 * const bytes = writeZip({ "a.txt": new TextEncoder().encode("hello") });
 * const [entry] = openZip(bytes, { entriesMax: 1, totalBytes: 100 });
 * console.assert(new TextDecoder().decode(entry?.read()) === "hello");
 * ```
 */
export function writeZip(contents: ZipContents): Uint8Array<ArrayBuffer> {
  const sorted = Object.entries(contents).sort(([a], [b]) => (a < b ? -1 : 1));
  // Zip times are local times: this one is 1980-01-01 in every zone.
  return zipSync(Object.fromEntries(sorted), { level: 9, mtime: new Date(1980, 0, 1) });
}

/**
 * Reads the directory of an archive.
 *
 * @throws {AetherError} ARTIFACT_INVALID when it is malformed or holds what a slice never holds;
 * ARTIFACT_TOO_LARGE when the declared sizes or the number of files exceed the limits.
 */
export function openZip(bytes: Uint8Array, limits: ZipLimits): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - endBytes;
  if (end < 0 || view.getUint32(end, true) !== endSignature) {
    throw invalid("The file is no zip archive, or it is cut off");
  }
  const count = view.getUint16(end + 10, true);
  const directoryBytes = view.getUint32(end + 12, true);
  const directoryStart = view.getUint32(end + 16, true);
  if (directoryStart + directoryBytes !== end) throw invalid("The archive's directory is damaged");
  if (count > limits.entriesMax) {
    throw new AetherError(
      "ARTIFACT_TOO_LARGE",
      `The archive has ${count} files; the limit is ${limits.entriesMax}`,
    );
  }
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let totalBytes = 0;
  let at = directoryStart;
  for (let index = 0; index < count; index++) {
    const { entry, next } = readHeader(bytes, view, at, end);
    if (names.has(entry.name)) throw invalid(`The archive holds "${entry.name}" twice`);
    names.add(entry.name);
    totalBytes += entry.sizeBytes;
    entries.push(entry);
    at = next;
  }
  if (at !== end) throw invalid("The archive's directory is damaged");
  if (totalBytes > limits.totalBytes) {
    throw new AetherError(
      "ARTIFACT_TOO_LARGE",
      `The archive unpacks to ${totalBytes} bytes; the limit is ${limits.totalBytes}`,
    );
  }
  return entries;
}

function readHeader(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
): { entry: ZipEntry; next: number } {
  if (at + centralBytes > end || view.getUint32(at, true) !== centralSignature) {
    throw invalid("The archive's directory is damaged");
  }
  const nameLength = view.getUint16(at + 28, true);
  const next = at + centralBytes + nameLength + view.getUint16(at + 30, true) +
    view.getUint16(at + 32, true);
  if (next > end) throw invalid("The archive's directory is damaged");
  const nameBytes = bytes.subarray(at + centralBytes, at + centralBytes + nameLength);
  const name = checkName(nameBytes);
  if ((view.getUint16(at + 8, true) & encryptedFlag) !== 0) {
    throw invalid(`The archive's file "${name}" is encrypted`);
  }
  if (((view.getUint32(at + 38, true) >>> 16) & fileTypeMask) === symlinkType) {
    throw invalid(`The archive's file "${name}" is a symbolic link`);
  }
  const method = view.getUint16(at + 10, true);
  if (method !== stored && method !== deflated) {
    throw invalid(`The archive's file "${name}" uses compression method ${method}`);
  }
  const packedBytes = view.getUint32(at + 20, true);
  const sizeBytes = view.getUint32(at + 24, true);
  const data = locate(bytes, view, { at: view.getUint32(at + 42, true), name, nameBytes });
  if (data + packedBytes > end) throw invalid(`The archive's file "${name}" is cut off`);
  const packed = bytes.subarray(data, data + packedBytes);
  const checksum = view.getUint32(at + 16, true);
  const file = { name, method, sizeBytes, checksum };
  const read = () => unpack(packed, file);
  const readInTurns = () => unpackInTurns(packed, file);
  return { entry: { name, sizeBytes, read, readInTurns }, next };
}

/** Where a file's data begins, behind its own header, which must agree with the directory. */
function locate(
  bytes: Uint8Array,
  view: DataView,
  header: { readonly at: number; readonly name: string; readonly nameBytes: Uint8Array },
): number {
  const { at, name, nameBytes } = header;
  const isHeader = at + localBytes <= bytes.length && view.getUint32(at, true) === localSignature;
  if (!isHeader) throw invalid(`The archive's file "${name}" has no header`);
  const nameLength = view.getUint16(at + 26, true);
  const own = bytes.subarray(at + localBytes, at + localBytes + nameLength);
  if (Buffer.compare(own, nameBytes) !== 0) {
    throw invalid(`The archive's file "${name}" has another name in its header`);
  }
  return at + localBytes + nameLength + view.getUint16(at + 28, true);
}

/** What the directory says about a file. */
interface FileHeader {
  readonly name: string;
  readonly method: number;
  readonly sizeBytes: number;
  readonly checksum: number;
}

function unpack(packed: Uint8Array, file: FileHeader): Uint8Array<ArrayBuffer> {
  let data = packed;
  if (file.method === deflated) {
    try {
      // Ends as soon as there is more than declared, however much more there would be.
      data = inflateRawSync(packed, { maxOutputLength: Math.max(1, file.sizeBytes) });
    } catch (cause) {
      throw damaged(file, cause);
    }
  }
  checkSum(file, data.length, crc32(data));
  return new Uint8Array(data);
}

async function unpackInTurns(
  packed: Uint8Array,
  file: FileHeader,
): Promise<Uint8Array<ArrayBuffer>> {
  if (file.method !== deflated) return unpack(packed, file);
  const data = new Uint8Array(file.sizeBytes);
  let length = 0;
  let checksum = 0;
  try {
    const inflate = createInflateRaw({ chunkSize: pieceBytes });
    await pipeline(Readable.from(piecesOf(packed)), inflate, async (chunks) => {
      for await (const chunk of chunks as AsyncIterable<Uint8Array>) {
        // Throws when it is more than declared.
        data.set(chunk, length);
        length += chunk.length;
        checksum = crc32(chunk, checksum);
      }
    });
  } catch (cause) {
    throw damaged(file, cause);
  }
  checkSum(file, length, checksum);
  return data;
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    yield bytes.subarray(at, at + pieceBytes);
    await setImmediate();
  }
}

function damaged(file: FileHeader, cause: unknown): AetherError {
  const message = `The archive's file "${file.name}" is damaged or larger than declared`;
  return new AetherError("ARTIFACT_INVALID", message, { cause });
}

function checkSum(file: FileHeader, length: number, checksum: number): void {
  if (length === file.sizeBytes && checksum === file.checksum) return;
  throw invalid(`The archive's file "${file.name}" is damaged: its checksum does not match`);
}

function checkName(bytes: Uint8Array): string {
  let name: string;
  try {
    name = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new AetherError("ARTIFACT_INVALID", "The archive has a file name that is not UTF-8", {
      cause: error,
    });
  }
  const isPlain = name.length > 0 && name.length <= nameLengthMax &&
    // deno-lint-ignore no-control-regex
    !/[\\:\u0000-\u001f\u007f]/.test(name) &&
    name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (isPlain) return name;
  throw invalid(
    `The archive has a file named ${JSON.stringify(name.slice(0, nameLengthMax))}: names must ` +
      "be plain relative paths",
  );
}

function invalid(message: string): AetherError {
  return new AetherError("ARTIFACT_INVALID", message);
}
