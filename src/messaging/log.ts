/**
 * The messages of one partition as its owner keeps them, and the log in memory.
 *
 * The machines of this folder read and write through {@link PartitionLog}; `src/io/topics` has one
 * in files. Writing is immediate, surviving a power cut is not: `durableEnd` says how far that is.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { LogEntry } from "../protocol/messaging/entry.ts";

/** A partition's messages from `first` to `end`. */
export interface PartitionLog {
  /** Offset of the oldest entry that is kept. */
  readonly first: number;
  /** Offset that the next entry gets. */
  readonly end: number;
  /** Entries before it survive a power cut. */
  readonly durableEnd: number;
  /** Bytes that are kept. */
  readonly bytes: number;
  /** Highest epoch that this replica has seen; it takes nothing of earlier ones. */
  readonly promised: number;
  /** It may have forgotten what it once acknowledged, so its state says nothing. */
  readonly isBlank: boolean;
  /** Epoch of an entry that is kept, or 0. */
  epochAt(offset: number): number;
  /** First offset of the run of equal epochs that holds this one. */
  epochStart(offset: number): number;
  /** Adds entries, the first of which has the offset `end`. */
  append(entries: readonly LogEntry[]): void;
  /** Removes entries from this offset on. */
  truncate(end: number): void;
  /** Forgets everything; the next entry gets this offset. */
  reset(first: number): void;
  /** Entries from an offset on: one at least if there is one, then as many as fit. */
  read(from: number, maxBytes: number): LogEntry[];
  /** May forget entries before this offset. */
  dropBefore(offset: number): void;
  /** Notes an epoch before anything is said under it. */
  promise(epoch: number): void;
  /** It holds what was acknowledged, from now on. */
  fill(): void;
}

/** Bytes of entries in one question or answer between replicas. */
export const batchBytesMax: number = 1024 * 1024;
/** What an entry takes beside its value and key, roughly. */
const entryOverheadBytes = 32;

/** Bytes that an entry counts with. */
export function entryBytes({ key, value }: Pick<LogEntry, "key" | "value">): number {
  return entryOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
}

/** A log in memory; after a crash it is a new, blank one. */
export class MemoryLog implements PartitionLog {
  #entries: LogEntry[] = [];
  #first = 0;
  #bytes = 0;
  #promised = 0;
  #isBlank = true;

  get first(): number {
    return this.#first;
  }

  get end(): number {
    return this.#first + this.#entries.length;
  }

  get durableEnd(): number {
    return this.end;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get promised(): number {
    return this.#promised;
  }

  get isBlank(): boolean {
    return this.#isBlank;
  }

  epochAt(offset: number): number {
    return this.#entries[offset - this.#first]?.epoch ?? 0;
  }

  epochStart(offset: number): number {
    const epoch = this.epochAt(offset);
    let start = offset;
    while (start > this.#first && this.epochAt(start - 1) === epoch) start--;
    return start;
  }

  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      assert(entry.offset === this.end, `Entry ${entry.offset} does not follow ${this.end}`);
      this.#entries.push(entry);
      this.#bytes += entryBytes(entry);
    }
  }

  truncate(end: number): void {
    for (const entry of this.#entries.splice(Math.max(0, end - this.#first))) {
      this.#bytes -= entryBytes(entry);
    }
  }

  reset(first: number): void {
    this.#entries = [];
    this.#first = first;
    this.#bytes = 0;
  }

  read(from: number, maxBytes: number): LogEntry[] {
    const found: LogEntry[] = [];
    let bytes = 0;
    for (let at = Math.max(0, from - this.#first); at < this.#entries.length; at++) {
      const entry = this.#entries[at] as LogEntry; // in bounds
      bytes += entryBytes(entry);
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  dropBefore(offset: number): void {
    const count = Math.min(offset, this.end) - this.#first;
    // One by one would copy the rest each time.
    if (count <= this.#entries.length / 2 || count <= 0) return;
    for (const entry of this.#entries.splice(0, count)) this.#bytes -= entryBytes(entry);
    this.#first += count;
  }

  promise(epoch: number): void {
    this.#promised = Math.max(this.#promised, epoch);
  }

  fill(): void {
    this.#isBlank = false;
  }
}
