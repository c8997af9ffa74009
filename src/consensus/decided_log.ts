/**
 * Decided slots: the contiguous part that is applied, and what was decided ahead of it.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Digest, LogEntry } from "../protocol/consensus/message.ts";

/** The decided log of one node. */
export class DecidedLog {
  /** Applied entries that are kept, from {@link start} on. */
  #entries: LogEntry[] = [];
  #start: number;
  /** Decided, not applied yet. */
  readonly #ahead = new Map<number, Digest>();

  /** Begins after the slots that a snapshot or an empty cluster covers. */
  constructor(firstSlot: number) {
    this.#start = firstSlot;
  }

  /** First slot that is kept. */
  get start(): number {
    return this.#start;
  }

  /** The next slot to apply. */
  get next(): number {
    return this.#start + this.#entries.length;
  }

  /** Notes a decision; false when it is known. */
  decide(slot: number, digest: Digest): boolean {
    const known = this.digestAt(slot);
    if (known !== undefined) {
      assert(known === digest, `Slot ${slot} is decided in two ways`);
      return false;
    }
    if (slot < this.#start) return false;
    this.#ahead.set(slot, digest);
    return true;
  }

  /** What a slot decided; undefined when it is undecided or gone. */
  digestAt(slot: number): Digest | undefined {
    if (slot >= this.next) return this.#ahead.get(slot);
    return this.#entries[slot - this.#start]?.digest;
  }

  /** Whether a slot is decided; slots before the kept ones are. */
  isDecided(slot: number): boolean {
    return slot < this.next || this.#ahead.has(slot);
  }

  /** Highest decided slot. */
  get highest(): number {
    return Math.max(this.next - 1, ...this.#ahead.keys());
  }

  /** Moves the next slot into the applied part. */
  apply(payload: Uint8Array): LogEntry {
    const slot = this.next;
    const digest = this.#ahead.get(slot);
    assert(digest !== undefined, `Slot ${slot} is not decided`);
    this.#ahead.delete(slot);
    const entry = { slot, digest, payload };
    this.#entries.push(entry);
    return entry;
  }

  /** Applied entries from a slot on, limited by number and bytes; undefined when they are gone. */
  read(from: number, entriesMax: number, bytesMax: number): LogEntry[] | undefined {
    if (from < this.#start) return undefined;
    const found: LogEntry[] = [];
    let bytes = 0;
    for (let index = from - this.#start; index < this.#entries.length; index++) {
      const entry = this.#entries[index];
      if (entry === undefined || found.length >= entriesMax) break;
      bytes += entry.payload.length;
      if (found.length > 0 && bytes > bytesMax) break;
      found.push(entry);
    }
    return found;
  }

  /** The payload of an applied batch that is kept; for nodes that missed it. */
  payloadOf(digest: Digest): Uint8Array | undefined {
    return this.#entries.findLast((entry) => entry.digest === digest)?.payload;
  }

  /** Forgets applied entries before a slot. */
  compact(before: number): void {
    const count = Math.min(before, this.next) - this.#start;
    if (count <= 0) return;
    this.#entries.splice(0, count);
    this.#start += count;
  }

  /** A snapshot covers everything before this slot. */
  restart(firstSlot: number): void {
    assert(firstSlot >= this.next, "A snapshot never goes back");
    this.#entries = [];
    this.#start = firstSlot;
    for (const slot of this.#ahead.keys()) if (slot < firstSlot) this.#ahead.delete(slot);
  }
}
