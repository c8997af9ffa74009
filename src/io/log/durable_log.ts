/**
 * {@link DurableLog}: an append-only log in segment files, with group commit.
 *
 * It promises one thing: a record whose `sync()` resolved is there after any crash, and no record
 * is there that was not appended. Appends are buffered; all those of an event-loop turn, and all
 * that come while the disk is busy, go out in one write and one sync. The first failure of the disk
 * ends the log: after a failed sync nobody knows what the disk holds. What records mean is the
 * business of the store and the consensus driver.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import { ByteWriter } from "../../base/codec.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { AppendFile, Storage } from "../../base/storage.ts";
import {
  corrupt,
  encodeSegmentHeader,
  type LogRecord,
  readSegment,
  RECORD_OVERHEAD_BYTES,
  SEGMENT_HEADER_BYTES,
  writeRecord,
} from "./segment.ts";

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

const NAME_PATTERN = /^wal-(\d{16})\.log$/;

interface Segment {
  readonly name: string;
  readonly firstIndex: number;
  /** Known once nothing is added any more. */
  sizeBytes: number;
}

interface Waiter {
  readonly index: number;
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: AetherError) => void;
}

/** Whether a file of a storage belongs to a log. */
export function isSegmentName(name: string): boolean {
  return NAME_PATTERN.test(name);
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
  readonly #segments: Segment[];
  #file: AppendFile;
  #nextIndex: number;
  #syncedIndex: number;
  #pending = new ByteWriter();
  #spare = new ByteWriter();
  /** Ordered by index. */
  #waiters: Waiter[] = [];
  #isCommitting = false;
  #failure: AetherError | undefined;
  /** Drops run one after the other: out of order, a crash would leave a gap. */
  #dropping: Promise<unknown> = Promise.resolve();

  private constructor(
    storage: Storage,
    options: Required<DurableLogOptions>,
    state: { segments: Segment[]; file: AppendFile; nextIndex: number },
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
    const segments = (await storage.list()).flatMap(segmentOf);
    if (segments.length === 0) segments.push(await createSegment(storage, options.logId, 1));
    const records: LogRecord[] = [];
    let nextIndex = segments[0]?.firstIndex ?? 1;
    for (const [i, segment] of segments.entries()) {
      const isLast = i === segments.length - 1;
      const content = await loadSegment(storage, segment, { ...options, isLast, nextIndex });
      nextIndex += content.records.length;
      segment.sizeBytes = content.validBytes;
      for (const record of content.records) {
        if (record.index >= options.fromIndex) records.push(record);
      }
    }
    const last = segments[segments.length - 1] as Segment; // there is one at least
    const file = await storage.openAppend(last.name);
    return { log: new DurableLog(storage, options, { segments, file, nextIndex }), records };
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
    return closedBytes + this.#file.sizeBytes + this.#pending.length;
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
    if (this.#pending.length + RECORD_OVERHEAD_BYTES + body.length > maxPendingBytes) {
      throw new AetherError(
        "NOT_PROPOSED",
        `The disk is behind: ${this.#pending.length} bytes wait for ${this.#storage.location}`,
      );
    }
    writeRecord(this.#pending, logId, { type, body });
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
    } finally {
      this.#failure ??= new AetherError("STORAGE_FAILED", "The log is closed");
      this.#file.close();
    }
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
    if (isFull && this.#file.sizeBytes > SEGMENT_HEADER_BYTES) await this.#startSegment();
    this.#file.append(batch.view());
    batch.clear();
    await this.#file.sync();
  }

  /** Goes on in a new file. The old one is synced whole, so no segment but the last tears. */
  async #startSegment(): Promise<void> {
    const firstIndex = this.#syncedIndex + 1;
    const segment = await createSegment(this.#storage, this.#options.logId, firstIndex);
    const file = await this.#storage.openAppend(segment.name);
    const full = this.#segments[this.#segments.length - 1] as Segment; // there is one at least
    full.sizeBytes = this.#file.sizeBytes;
    this.#file.close();
    this.#file = file;
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

function segmentOf(name: string): Segment[] {
  const match = NAME_PATTERN.exec(name);
  return match === null ? [] : [{ name, firstIndex: Number(match[1]), sizeBytes: 0 }];
}

async function createSegment(
  storage: Storage,
  logId: number,
  firstIndex: number,
): Promise<Segment> {
  const name = `wal-${String(firstIndex).padStart(16, "0")}.log`;
  await storage.writeAtomic(name, [encodeSegmentHeader({ logId, firstIndex })]);
  return { name, firstIndex, sizeBytes: 0 };
}

interface LoadOptions {
  readonly logId: number;
  readonly maxBodyBytes: number;
  readonly isLast: boolean;
  /** The index with which the segment must begin. */
  readonly nextIndex: number;
}

/** Reads one segment, checks that it belongs here, and cuts a torn write off. */
async function loadSegment(storage: Storage, segment: Segment, options: LoadOptions) {
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
  if (content.validBytes < bytes.length) await storage.truncate(name, content.validBytes);
  return content;
}
