/**
 * {@link SegmentLog}: the messages of one partition in files.
 *
 * A folder holds segments, each named by its first offset, and `meta.json` with what must not be
 * forgotten. A record is `u32 length | u32 checksum | body`. Writing goes straight to the system,
 * so that a killed process loses nothing; `sync()` makes it survive a power cut. Opening cuts a
 * torn end off. When a record before the end is damaged, the log says that it is blank: the other
 * owners have the rest, and it has no say until it has it too.
 *
 * @module
 */
import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { ByteReader, ByteWriter } from "../../base/codec.ts";
import { crc32c } from "../../base/crc32.ts";
import { AetherError } from "../../base/errors.ts";
import { entryBytes, type PartitionLog } from "../../messaging/log.ts";
import { type LogEntry, readEntry } from "../../protocol/messaging/entry.ts";
import {
  failure,
  headBytes,
  type Meta,
  readMeta,
  syncFolder,
  writeMeta,
  writeRecord,
} from "./files.ts";

const recordBytesMax = 16 * 1024 * 1024;
const segmentBytesDefault = 16 * 1024 * 1024;
/** Entries at the end that are also kept in memory: consumers and replicas read those. */
const cacheBytesMax = 4 * 1024 * 1024;
const namePattern = /^(\d{16})\.seg$/;

interface Segment {
  readonly first: number;
  readonly path: string;
  readonly file: Deno.FsFile;
  /** Where each entry begins. */
  readonly positions: number[];
  sizeBytes: number;
}

/** A partition's log in a folder; see the module. */
export class SegmentLog implements PartitionLog {
  readonly #folder: string;
  readonly #segmentBytes: number;
  #segments: Segment[] = [];
  /** First offsets of the runs of equal epochs. */
  #runs: { readonly from: number; readonly epoch: number }[] = [];
  #cache: LogEntry[] = [];
  #cacheBytes = 0;
  #meta: Meta = { promised: 0, isBlank: true, first: 0 };
  #end = 0;
  #durableEnd = 0;
  #syncing: Promise<void> | undefined;
  /** What was cut off while a sync is under way begins here. */
  #cutEnd = Infinity;
  readonly #writer = new ByteWriter();
  #isClosed = false;

  private constructor(folder: string, segmentBytes: number) {
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
  }

  /**
   * Opens a folder, which is made when missing.
   *
   * @throws {AetherError} STORAGE_FAILED when the disk fails.
   */
  static open(folder: string, segmentBytes: number = segmentBytesDefault): SegmentLog {
    const log = new SegmentLog(folder, segmentBytes);
    log.#guard("Opening", () => log.#load());
    return log;
  }

  get first(): number {
    return this.#segments[0]?.first ?? this.#meta.first;
  }

  get end(): number {
    return this.#end;
  }

  get durableEnd(): number {
    return Math.min(this.#durableEnd, this.#end);
  }

  get bytes(): number {
    return this.#segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  get promised(): number {
    return this.#meta.promised;
  }

  get isBlank(): boolean {
    return this.#meta.isBlank;
  }

  epochAt(offset: number): number {
    if (offset < this.first || offset >= this.#end) return 0;
    return this.#runOf(offset)?.epoch ?? 0;
  }

  epochStart(offset: number): number {
    return Math.max(this.first, this.#runOf(offset)?.from ?? offset);
  }

  append(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return;
    this.#guard("Writing", () => {
      let segment = this.#segments.at(-1);
      if (segment === undefined || segment.sizeBytes >= this.#segmentBytes) {
        segment = this.#startSegment(this.#end);
      }
      const writer = this.#writer;
      writer.clear();
      for (const entry of entries) {
        assert(entry.offset === this.#end, `Entry ${entry.offset} does not follow ${this.#end}`);
        segment.positions.push(segment.sizeBytes + writer.length);
        writeRecord(writer, entry);
        this.#note(entry);
      }
      const bytes = writer.view();
      for (let done = 0; done < bytes.length;) done += segment.file.writeSync(bytes.subarray(done));
      segment.sizeBytes += bytes.length;
    });
  }

  truncate(end: number): void {
    if (end >= this.#end) return;
    this.#guard("Truncating", () => {
      for (let last = this.#segments.at(-1); last !== undefined; last = this.#segments.at(-1)) {
        if (last.first < end) {
          const sizeBytes = last.positions[end - last.first] ?? last.sizeBytes;
          last.file.truncateSync(sizeBytes);
          last.file.seekSync(sizeBytes, Deno.SeekMode.Start);
          last.positions.length = end - last.first;
          last.sizeBytes = sizeBytes;
          break;
        }
        // The first segment stays, so that the place of the next entry is not forgotten.
        if (this.#segments.length === 1) this.#writeMeta({ first: end });
        this.#removeSegment(this.#segments.pop());
      }
      this.#end = end;
      this.#cutEnd = Math.min(this.#cutEnd, end);
      this.#durableEnd = Math.min(this.#durableEnd, end);
      this.#runs = this.#runs.filter(({ from }) => from < end);
      this.#cache = this.#cache.filter(({ offset }) => offset < end);
      this.#cacheBytes = this.#cache.reduce((sum, entry) => sum + entryBytes(entry), 0);
    });
  }

  reset(first: number): void {
    this.#guard("Truncating", () => {
      for (const segment of this.#segments.splice(0)) this.#removeSegment(segment);
      this.#runs = [];
      this.#cache = [];
      this.#cacheBytes = 0;
      this.#end = first;
      this.#cutEnd = Math.min(this.#cutEnd, first);
      this.#durableEnd = first;
      this.#writeMeta({ first });
    });
  }

  read(from: number, maxBytes: number): LogEntry[] {
    const found: LogEntry[] = [];
    let bytes = 0;
    let offset = Math.max(from, this.first);
    const cached = this.#cache[0]?.offset ?? this.#end;
    this.#guard("Reading", () => {
      while (offset < Math.min(cached, this.#end)) {
        const entry = this.#readFromDisk(offset);
        bytes += entryBytes(entry);
        if (found.length > 0 && bytes > maxBytes) return;
        found.push(entry);
        offset++;
      }
    });
    for (let at = offset - cached; offset >= cached && at < this.#cache.length; at++) {
      const entry = this.#cache[at] as LogEntry; // in bounds
      bytes += entryBytes(entry);
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  dropBefore(offset: number): void {
    this.#guard("Removing", () => {
      for (;;) {
        const [oldest, next] = this.#segments;
        if (oldest === undefined || next === undefined || next.first > offset) return;
        this.#removeSegment(oldest);
        this.#segments.shift();
        const { first } = next;
        this.#runs = this.#runs.filter(({ from }, i) =>
          from >= first || (this.#runs[i + 1]?.from ?? Infinity) > first
        );
      }
    });
  }

  promise(epoch: number): void {
    if (epoch > this.promised) this.#guard("Writing", () => this.#writeMeta({ promised: epoch }));
  }

  fill(): void {
    if (this.isBlank) this.#guard("Writing", () => this.#writeMeta({ isBlank: false }));
  }

  /**
   * Resolves when everything appended before the call survives a power cut.
   *
   * @throws {AetherError} STORAGE_FAILED
   */
  async sync(): Promise<void> {
    const wanted = this.#end;
    // One sync at a time: those who come meanwhile share the next one.
    while (this.#durableEnd < wanted && !this.#isClosed) {
      await (this.#syncing ??= this.#syncOnce());
    }
  }

  /** Closes the files. */
  close(): void {
    this.#isClosed = true;
    for (const { file } of this.#segments.splice(0)) file.close();
  }

  async #syncOnce(): Promise<void> {
    const end = this.#end;
    this.#cutEnd = Infinity;
    const files = this.#segments.filter(({ first, positions }) =>
      first + positions.length > this.#durableEnd
    );
    try {
      for (const { file } of files) await file.syncData();
      // What was cut off meanwhile is not durable any more, and what replaced it is not yet.
      this.#durableEnd = Math.max(this.#durableEnd, Math.min(end, this.#cutEnd));
    } catch (thrown) {
      if (!this.#isClosed) throw failure("Syncing", this.#folder, thrown);
    } finally {
      this.#syncing = undefined;
    }
  }

  #load(): void {
    Deno.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#meta = readMeta(this.#folder) ?? this.#meta;
    const names = [...Deno.readDirSync(this.#folder)].flatMap(({ name }) =>
      namePattern.test(name) ? [name] : []
    ).sort();
    this.#end = this.#meta.first;
    for (const [i, name] of names.entries()) {
      const first = Number(namePattern.exec(name)?.[1]);
      if (i > 0 && first !== this.#end) {
        // A segment is missing or damaged: what follows has no place any more.
        this.#writeMeta({ isBlank: true });
        for (const lost of names.slice(i)) Deno.removeSync(join(this.#folder, lost));
        break;
      }
      this.#end = first;
      this.#segments.push(this.#loadSegment(first));
    }
    this.#durableEnd = this.#end;
    for (const { file } of this.#segments.slice(-1)) file.syncDataSync();
  }

  /** Reads a segment; cuts off what is not whole. */
  #loadSegment(first: number): Segment {
    const segment = this.#openSegment(first);
    const bytes = Deno.readFileSync(segment.path);
    const view = new DataView(bytes.buffer);
    let at = 0;
    while (at + headBytes <= bytes.length) {
      const length = view.getUint32(at, true);
      const end = at + headBytes + length;
      if (length === 0 || end > bytes.length || length > recordBytesMax) break;
      const body = bytes.subarray(at + headBytes, end);
      if (crc32c(body) !== view.getUint32(at + 4, true)) break;
      const entry = readEntry(new ByteReader(body));
      if (entry.offset !== this.#end) break;
      segment.positions.push(at);
      this.#note(entry);
      at = end;
    }
    segment.sizeBytes = at;
    if (at < bytes.length) segment.file.truncateSync(at);
    segment.file.seekSync(at, Deno.SeekMode.Start);
    return segment;
  }

  #startSegment(first: number): Segment {
    const segment = this.#openSegment(first);
    this.#segments.push(segment);
    syncFolder(this.#folder);
    return segment;
  }

  #openSegment(first: number): Segment {
    const path = join(this.#folder, `${String(first).padStart(16, "0")}.seg`);
    const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
    return { first, path, file, positions: [], sizeBytes: 0 };
  }

  #removeSegment(segment: Segment | undefined): void {
    if (segment === undefined) return;
    segment.file.close();
    Deno.removeSync(segment.path);
  }

  #note(entry: LogEntry): void {
    this.#end = entry.offset + 1;
    if (this.#runs.at(-1)?.epoch !== entry.epoch) {
      this.#runs.push({ from: entry.offset, epoch: entry.epoch });
    }
    this.#cache.push(entry);
    this.#cacheBytes += entryBytes(entry);
    if (this.#cacheBytes <= cacheBytesMax) return;
    // Half at a time: one by one would move the rest each time.
    let dropped = 0;
    while (this.#cacheBytes > cacheBytesMax / 2 && dropped < this.#cache.length - 1) {
      this.#cacheBytes -= entryBytes(this.#cache[dropped++] as LogEntry); // in bounds
    }
    this.#cache = this.#cache.slice(dropped);
  }

  #runOf(offset: number): { readonly from: number; readonly epoch: number } | undefined {
    return this.#runs.findLast(({ from }) => from <= offset);
  }

  #readFromDisk(offset: number): LogEntry {
    const segment = this.#segments.findLast(({ first }) => first <= offset);
    const at = segment?.positions[offset - segment.first];
    if (segment === undefined || at === undefined) {
      throw new AetherError("STORAGE_CORRUPT", `${this.#folder} lacks entry ${offset}`);
    }
    const end = segment.positions[offset - segment.first + 1] ?? segment.sizeBytes;
    const bytes = new Uint8Array(end - at);
    segment.file.seekSync(at, Deno.SeekMode.Start);
    let filled = 0;
    while (filled < bytes.length) {
      const count = segment.file.readSync(bytes.subarray(filled));
      if (count === null) break;
      filled += count;
    }
    segment.file.seekSync(segment.sizeBytes, Deno.SeekMode.Start);
    const body = bytes.subarray(headBytes);
    if (filled < bytes.length || crc32c(body) !== new DataView(bytes.buffer).getUint32(4, true)) {
      throw new AetherError("STORAGE_CORRUPT", `${segment.path} is damaged at byte ${at}`);
    }
    return readEntry(new ByteReader(body));
  }

  #writeMeta(change: Partial<Meta>): void {
    this.#meta = { ...this.#meta, ...change };
    writeMeta(this.#folder, this.#meta);
  }

  #guard(what: string, run: () => void): void {
    try {
      run();
    } catch (thrown) {
      if (thrown instanceof AetherError) throw thrown;
      throw failure(what, this.#folder, thrown);
    }
  }
}
