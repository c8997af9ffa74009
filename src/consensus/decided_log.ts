/**
 * Decided slots: the contiguous part that is applied, and what was decided ahead of it.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import {
  type Batch,
  type Digest,
  type LogEntry,
  type Value,
  valueOf,
} from "../protocol/consensus/message.ts";

interface Applied {
  readonly entry: LogEntry;
  readonly value: Value;
}

/** The decided log of one node. */
export class DecidedLog {
  /** Applied entries that are kept, from {@link start} on. */
  #applied: Applied[] = [];
  #start: number;
  #highest: number;
  /** Decided, not applied yet. */
  readonly #ahead = new Map<number, Value>();
  /** The last kept slot of each applied batch. */
  readonly #slots = new Map<Digest, number>();

  /** Begins after the slots that a snapshot or an empty cluster covers. */
  constructor(firstSlot: number) {
    this.#start = firstSlot;
    this.#highest = firstSlot - 1;
  }

  /** First slot that is kept. */
  get start(): number {
    return this.#start;
  }

  /** The next slot to apply. */
  get next(): number {
    return this.#start + this.#applied.length;
  }

  /** Highest decided slot. */
  get highest(): number {
    return this.#highest;
  }

  /** Notes a decision; false when it is known. */
  decide(slot: number, value: Value): boolean {
    const known = this.valueAt(slot);
    if (known !== undefined) {
      assert(known === value, `Slot ${slot} is decided in two ways`);
      return false;
    }
    if (slot < this.#start) return false;
    this.#ahead.set(slot, value);
    this.#highest = Math.max(this.#highest, slot);
    return true;
  }

  /** What a slot decided; undefined when it is undecided or gone. */
  valueAt(slot: number): Value | undefined {
    if (slot >= this.next) return this.#ahead.get(slot);
    return this.#applied[slot - this.#start]?.value;
  }

  /** Whether a slot is decided; slots before the kept ones are. */
  isDecided(slot: number): boolean {
    return slot < this.next || this.#ahead.has(slot);
  }

  /** Moves the next slot, which is decided, into the applied part. */
  apply(batches: readonly Batch[]): LogEntry {
    const slot = this.next;
    const value = this.#ahead.get(slot);
    assert(value !== undefined, `Slot ${slot} is not decided`);
    assert(value === valueOf(batches.map(({ digest }) => digest)), `Slot ${slot} is another one`);
    this.#ahead.delete(slot);
    const entry = { slot, batches };
    this.#applied.push({ entry, value });
    for (const { digest } of batches) this.#slots.set(digest, slot);
    return entry;
  }

  /** Applied entries from a slot on, limited by number and bytes; undefined when they are gone. */
  read(from: number, entriesMax: number, bytesMax: number): LogEntry[] | undefined {
    if (from < this.#start) return undefined;
    const found: LogEntry[] = [];
    let bytes = 0;
    for (let index = from - this.#start; index < this.#applied.length; index++) {
      const entry = this.#applied[index]?.entry;
      if (entry === undefined || found.length >= entriesMax) break;
      for (const { payload } of entry.batches) bytes += payload.length;
      if (found.length > 0 && bytes > bytesMax) break;
      found.push(entry);
    }
    return found;
  }

  /** The payload of an applied batch that is kept; for nodes that missed it. */
  payloadOf(digest: Digest): Uint8Array | undefined {
    const slot = this.#slots.get(digest);
    if (slot === undefined) return undefined;
    const batches = this.#applied[slot - this.#start]?.entry.batches;
    return batches?.find((batch) => batch.digest === digest)?.payload;
  }

  /** Forgets applied entries before a slot. */
  compact(before: number): void {
    const count = Math.min(before, this.next) - this.#start;
    if (count <= 0) return;
    for (const { entry } of this.#applied.splice(0, count)) {
      for (const { digest } of entry.batches) {
        if (this.#slots.get(digest) === entry.slot) this.#slots.delete(digest);
      }
    }
    this.#start += count;
  }

  /** A snapshot covers everything before this slot. */
  restart(firstSlot: number): void {
    assert(firstSlot >= this.next, "A snapshot never goes back");
    this.#applied = [];
    this.#slots.clear();
    this.#start = firstSlot;
    this.#highest = Math.max(this.#highest, firstSlot - 1);
    for (const slot of this.#ahead.keys()) if (slot < firstSlot) this.#ahead.delete(slot);
  }
}
