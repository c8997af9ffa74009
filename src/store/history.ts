/**
 * The last changes of the store, so that watches can go on from a revision.
 *
 * Bounded by a number of revisions and by bytes. It lives beside the state, not in it: after a
 * restart it starts with what is replayed, and an installed snapshot empties it. Who asks for what
 * is gone learns that, and never silently misses a change.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import type { Entry, StoreChange } from "./state.ts";

/** Change of one key as history keeps it. */
export interface PastEvent {
  readonly key: string;
  /** The new entry; undefined when the key was deleted. */
  readonly entry: Entry | undefined;
}

/** All changes of one command. */
export interface PastChange {
  readonly revision: number;
  readonly events: readonly PastEvent[];
}

/** Limits of a history. */
export interface HistoryOptions {
  /** Changes that are kept, 1 or more. */
  readonly revisions: number;
  /** Bytes of keys and values that are kept. @default {64 MiB} */
  readonly bytes?: number;
}

const bytesDefault = 64 * 1024 * 1024;
const eventBytes = 64;
const gone: PastChange = { revision: 0, events: [] };

/**
 * Past changes in order.
 *
 * @example
 * ```ts
 * import { History } from "./history.ts";
 * const history = new History({ revisions: 100 }, 7);
 * history.add({ revision: 8, events: [] });
 * console.assert(history.changesSince(7).length === 1);
 * ```
 */
export class History {
  #options: HistoryOptions;
  /** A ring by position: older ones are cut off in front now and then. */
  #changes: PastChange[] = [];
  #first = 0;
  #bytes = 0;
  #revision: number;
  #compacted: number;

  /** Starts after a revision, before which it knows nothing. */
  constructor(options: HistoryOptions, revision = 0) {
    this.#options = options;
    this.#revision = revision;
    this.#compacted = revision;
  }

  /** Revision of the last change. */
  get revision(): number {
    return this.#revision;
  }

  /** The smallest revision from which one can go on. */
  get compacted(): number {
    return this.#compacted;
  }

  /** Changes that are kept. */
  get size(): number {
    return this.#changes.length - this.#first;
  }

  /** Keeps a change and drops the oldest ones beyond the limits. */
  add({ revision, events }: StoreChange): void {
    // What a key was before is not kept: it would double the memory.
    const kept = events.map(({ key, entry }) => ({ key, entry }));
    this.#changes.push({ revision, events: kept });
    this.#bytes += bytesOf(kept);
    this.#revision = revision;
    this.#trim();
  }

  /** Forgets everything: the state was replaced by that of a revision. */
  reset(revision: number): void {
    this.#changes = [];
    this.#first = 0;
    this.#bytes = 0;
    this.#revision = revision;
    this.#compacted = revision;
  }

  /** Changes the limits. */
  resize(options: HistoryOptions): void {
    this.#options = options;
    this.#trim();
  }

  /**
   * Changes after a revision, oldest first, at most `limit`; empty when there is none yet.
   *
   * @throws {AetherError} COMPACTED when some of them are not kept any more.
   */
  changesSince(revision: number, limit: number = Number.MAX_SAFE_INTEGER): PastChange[] {
    if (revision < this.#compacted) {
      throw new AetherError(
        "COMPACTED",
        `Changes after revision ${revision} are gone; kept are those after ${this.#compacted}`,
      );
    }
    const start = this.#after(revision);
    return this.#changes.slice(start, Math.min(this.#changes.length, start + limit));
  }

  /** Position of the first change after a revision. */
  #after(revision: number): number {
    let low = this.#first;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #trim(): void {
    const { revisions, bytes = bytesDefault } = this.#options;
    // The newest change stays, however large: a watch that keeps up must be able to get it.
    while (this.size > 1 && (this.size > revisions || this.#bytes > bytes)) {
      const oldest = this.#changes[this.#first];
      if (oldest === undefined) return;
      // Its place may stay for long, its values must not.
      this.#changes[this.#first++] = gone;
      this.#bytes -= bytesOf(oldest.events);
      this.#compacted = oldest.revision;
    }
    if (this.#first * 2 < this.#changes.length) return;
    this.#changes = this.#changes.slice(this.#first);
    this.#first = 0;
  }
}

function bytesOf(events: readonly PastEvent[]): number {
  let bytes = eventBytes;
  for (const { key, entry } of events) {
    bytes += key.length + eventBytes + (entry?.value.length ?? 0);
  }
  return bytes;
}
