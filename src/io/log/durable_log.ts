/**
 * {@link DurableLog}: an append-only log in segment files, with group commit.
 *
 * It promises one thing: a record whose `sync()` resolved is there after any crash, and no record
 * is there that was not appended. Appends are buffered; all those of an event-loop turn, and all
 * that come while the disk is busy, go out in one write and one sync: a commit. It goes into space
 * that the file has already, so that the sync need not wait for the file's new size; `segment.ts`
 * says why a torn commit is still told from damage. The first failure of the disk ends the log:
 * after a failed sync nobody knows what the disk holds. What records mean is the business of the
 * store and the consensus driver.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { ByteWriter } from "../../base/codec.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { AppendFile, Storage } from "../../base/storage.ts";
import {
  encodeMarker,
  MARKER_BYTES,
  RECORD_OVERHEAD_BYTES,
  recordSeed,
  writeRecord,
} from "./record.ts";
import { type LogRecord, SEGMENT_VERSION } from "./segment.ts";
import {
  createSegment,
  listSegments,
  loadSegment,
  openSegment,
  type SegmentFile,
} from "./segment_files.ts";

/** Options of {@link DurableLog.open}. */
export interface DurableLogOptions {
  /** Tells this log from others, so that foreign segments are found. @default 0 */
  readonly logId?: number;
  /** Records before this index are checked but not returned. @default 1 */
  readonly fromIndex?: number;
  /** Size at which a new file is begun. @default 64 MiB */
  readonly segmentBytes?: number;
  /** Bytes of one body. @default 16 MiB */
  readonly maxBodyBytes?: number;
  /** Bytes that may wait for the disk; further appends are refused. @default 64 MiB */
  readonly maxPendingBytes?: number;
  /** Runs a callback at the end of the turn; a simulator gives its own. @default setImmediate */
  readonly endOfTurn?: (callback: () => void) => void;
}

/** What {@link DurableLog.open} found. */
export interface OpenedLog {
  readonly log: DurableLog;
  /** Every record from `fromIndex` on, in order. */
  readonly records: LogRecord[];
}

const MIB = 1024 * 1024;
const DEFAULTS = {
  logId: 0,
  fromIndex: 1,
  segmentBytes: 64 * MIB,
  maxBodyBytes: 16 * MIB,
  maxPendingBytes: 64 * MIB,
  endOfTurn: (callback: () => void) => {
    setImmediate(callback);
  },
} satisfies Required<DurableLogOptions>;

interface Waiter {
  readonly index: number;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: AetherError) => void;
}

/**
 * A log over a {@link Storage}; see the module.
 *
 * @example
 * ```ts
 * import { DurableLog } from "./durable_log.ts";
 * import { MemoryStorage } from "../../base/storage.ts";
 * const storage = new MemoryStorage();
 * const { log } = await DurableLog.open(storage);
 * log.append(1, new TextEncoder().encode("hello"));
 * await log.sync();
 * const { records } = await DurableLog.open(storage);
 * console.assert(records.length === 1 && records[0]?.type === 1);
 * ```
 */
export class DurableLog {
  readonly #storage: Storage;
  readonly #options: Required<DurableLogOptions>;
  /** Oldest first; the last one is open. */
  readonly #segments: SegmentFile[];
  #file: AppendFile;
  #nextIndex: number;
  #syncedIndex: number;
  /** Begins with room for the marker, which is known only when the batch is written. */
  #pending = emptyBatch(new ByteWriter());
  #spare = emptyBatch(new ByteWriter());
  /** Ordered by index. */
  #waiters: Waiter[] = [];
  #isCommitting = false;
  #failure: AetherError | undefined;
  /** Drops run one after the other: out of order, a crash would leave a gap. */
  #dropping: Promise<unknown> = Promise.resolve();

  private constructor(
    storage: Storage,
    options: Required<DurableLogOptions>,
    state: { segments: SegmentFile[]; file: AppendFile; nextIndex: number },
  ) {
    this.#storage = storage;
    this.#options = options;
    this.#segments = state.segments;
    this.#file = state.file;
    this.#nextIndex = state.nextIndex;
    this.#syncedIndex = state.nextIndex - 1;
  }

  /**
   * Reads what is there, cuts a torn write off, and is ready to append. An empty storage becomes an
   * empty log that starts at index 1.
   *
   * @throws {AetherError} STORAGE_CORRUPT for damage, naming file and offset; STORAGE_FORMAT for
   *   files of an unknown version; STORAGE_FAILED when the disk fails.
   */
  static async open(storage: Storage, given: DurableLogOptions = {}): Promise<OpenedLog> {
    const options = { ...DEFAULTS, ...given };
    const segments = await listSegments(storage);
    if (segments.length === 0) segments.push(await createSegment(storage, options.logId, 1));
    const records: LogRecord[] = [];
    let nextIndex = segments[0]?.firstIndex ?? 1;
    let version = SEGMENT_VERSION;
    for (const [i, segment] of segments.entries()) {
      const isLast = i === segments.length - 1;
      const content = await loadSegment(storage, segment, { ...options, isLast, nextIndex });
      nextIndex += content.records.length;
      segment.sizeBytes = content.validBytes;
      version = content.version;
      for (const record of content.records) {
        if (record.index >= options.fromIndex) records.push(record);
      }
    }
    const last = segments[segments.length - 1] as SegmentFile; // there is one at least
    const file = await openSegment(storage, last, options);
    const log = new DurableLog(storage, options, { segments, file, nextIndex });
    await log.#settle(version);
    return { log, records };
  }

  /** Index of the oldest record that is kept, or of the next one when there is none. */
  get firstIndex(): number {
    return this.#segments[0]?.firstIndex ?? this.#nextIndex;
  }

  /** Index that the next appended record gets. */
  get nextIndex(): number {
    return this.#nextIndex;
  }

  /** Every record up to this index is durable. */
  get syncedIndex(): number {
    return this.#syncedIndex;
  }

  /** Bytes on disk and on the way there. */
  get sizeBytes(): number {
    const closedBytes = this.#segments.slice(0, -1).reduce((sum, one) => sum + one.sizeBytes, 0);
    return closedBytes + this.#file.sizeBytes + this.#pendingBytes;
  }

  /** Why the log has ended; undefined while it works. */
  get failure(): AetherError | undefined {
    return this.#failure;
  }

  /**
   * Adds a record, which is not durable until `sync()`. The body may be reused at once.
   *
   * @returns its index.
   * @throws {AetherError} VALUE_TOO_LARGE or NOT_PROPOSED (the disk is behind): nothing was added.
   *   STORAGE_FAILED once the disk has failed.
   */
  append(type: number, body: Uint8Array): number {
    if (this.#failure !== undefined) throw this.#failure;
    const { maxBodyBytes, maxPendingBytes, logId } = this.#options;
    if (body.length > maxBodyBytes) {
      throw new AetherError(
        "VALUE_TOO_LARGE",
        `Record of ${body.length} bytes exceeds the log's limit of ${maxBodyBytes}`,
      );
    }
    if (this.#pendingBytes + RECORD_OVERHEAD_BYTES + body.length > maxPendingBytes) {
      throw new AetherError(
        "NOT_PROPOSED",
        `The disk is behind: ${this.#pendingBytes} bytes wait for ${this.#storage.location}`,
      );
    }
    writeRecord(this.#pending, recordSeed(logId, this.#nextIndex), { type, body });
    return this.#nextIndex++;
  }

  /**
   * Resolves when everything appended before the call is durable. Callers share syncs.
   *
   * @throws {AetherError} STORAGE_FAILED, now and forever after: stop the node.
   */
  sync(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const index = this.#nextIndex - 1;
    if (index === this.#syncedIndex) return Promise.resolve();
    const last = this.#waiters[this.#waiters.length - 1];
    if (last?.index === index) return last.promise;
    const waiter = { index, ...Promise.withResolvers<void>() };
    this.#waiters.push(waiter);
    if (!this.#isCommitting) {
      this.#isCommitting = true;
      this.#options.endOfTurn(() => this.#commit());
    }
    return waiter.promise;
  }

  /**
   * Removes whole segments that hold only records before an index; the newest segment stays.
   *
   * @returns how many files were removed.
   */
  dropBefore(index: number): Promise<number> {
    const run = () => this.#drop(index);
    const dropping = this.#dropping.then(run, run);
    this.#dropping = dropping;
    return dropping;
  }

  /** Syncs what is pending and closes the file. */
  async close(): Promise<void> {
    try {
      await this.sync();
      this.#markEnd();
    } finally {
      this.#failure ??= new AetherError("STORAGE_FAILED", "The log is closed");
      this.#file.close();
    }
  }

  get #pendingBytes(): number {
    return this.#pending.length - MARKER_BYTES;
  }

  /** Makes what was found durable, and the last segment one that can be continued. */
  async #settle(version: number): Promise<void> {
    try {
      // A process that was killed may have written records that are not on disk yet. Whoever reads
      // them now counts on them, and so does the marker of the next commit.
      await this.#file.sync();
      if (version !== SEGMENT_VERSION) await this.#startSegment();
    } catch (thrown) {
      this.#file.close();
      throw thrown;
    }
  }

  /** Proves to whoever opens the log that its last commit was durable. */
  #markEnd(): void {
    if (this.#isCommitting) return; // somebody still appends
    try {
      this.#file.append(this.#marker());
    } catch {
      // Without it, nothing is missing.
    }
  }

  /** Tells that everything before it in the file is durable. */
  #marker(): Uint8Array {
    const { logId } = this.#options;
    return encodeMarker(logId, {
      offset: this.#file.sizeBytes,
      nextIndex: this.#syncedIndex + 1,
    });
  }

  /** Oldest first, so that a crash in between leaves no gap. */
  async #drop(index: number): Promise<number> {
    for (let dropped = 0;; dropped++) {
      const [oldest, next] = this.#segments;
      if (oldest === undefined || next === undefined || next.firstIndex > index) return dropped;
      await this.#storage.remove(oldest.name);
      this.#segments.shift();
    }
  }

  /** Writes batches until nobody waits. */
  async #commit(): Promise<void> {
    try {
      while (this.#waiters.length > 0) {
        const syncedIndex = this.#nextIndex - 1;
        await this.#writePending();
        this.#syncedIndex = syncedIndex;
        this.#release(syncedIndex);
      }
    } catch (thrown) {
      this.#fail(thrown);
    }
    this.#isCommitting = false;
  }

  async #writePending(): Promise<void> {
    const batch = this.#pending;
    this.#pending = this.#spare;
    this.#spare = batch;
    const isFull = this.#file.sizeBytes + batch.length > this.#options.segmentBytes;
    const { firstIndex } = this.#segments[this.#segments.length - 1] as SegmentFile;
    if (isFull && firstIndex <= this.#syncedIndex) await this.#startSegment();
    batch.view().set(this.#marker());
    this.#file.append(batch.view());
    emptyBatch(batch);
    await this.#file.sync();
  }

  /** Goes on in a new file. The old one is synced whole, so no segment but the last tears. */
  async #startSegment(): Promise<void> {
    const firstIndex = this.#syncedIndex + 1;
    const segment = await createSegment(this.#storage, this.#options.logId, firstIndex);
    const file = await openSegment(this.#storage, segment, this.#options);
    const full = this.#segments[this.#segments.length - 1] as SegmentFile; // there is one at least
    full.sizeBytes = this.#file.sizeBytes;
    this.#file.close();
    this.#file = file;
    // One of an older version without records was replaced by its namesake.
    if (full.firstIndex === firstIndex) this.#segments.pop();
    this.#segments.push(segment);
  }

  #release(syncedIndex: number): void {
    const isDone = (waiter: Waiter) => waiter.index <= syncedIndex;
    const done = this.#waiters.filter(isDone);
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter));
    for (const waiter of done) waiter.resolve();
  }

  #fail(thrown: unknown): void {
    const cause = toAetherError(thrown);
    this.#failure = new AetherError(
      "STORAGE_FAILED",
      `Log in ${this.#storage.location} has ended: ${cause.message}`,
      { cause: thrown },
    );
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(this.#failure);
  }
}

function emptyBatch(writer: ByteWriter): ByteWriter {
  writer.clear();
  return writer.raw(new Uint8Array(MARKER_BYTES));
}
