/**
 * The slots that are open or have been heard of, with what is needed to retransmit them.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import type { Digest, SlotMessage } from "../protocol/consensus/message.ts";
import { type Coin, WeakMvc } from "./weak_mvc.ts";

/** One slot. */
export interface SlotEntry {
  readonly mvc: WeakMvc;
  /** What this node sent, to be sent again. */
  readonly mine: SlotMessage[];
  /** When the first message arrived. */
  readonly touchedAtMs: number;
  openedAtMs: number;
  /** The batch that this node proposes. */
  proposed: Digest | undefined;
  isInitiated: boolean;
  resendAtMs: number;
  resends: number;
}

/** Slots by number, within about two windows. */
export class SlotTable {
  readonly #coin: Coin;
  readonly #entries = new Map<number, SlotEntry>();
  readonly #undecided = new Set<SlotEntry>();
  /** Phase in which recent slots were decided. */
  readonly #decidedPhases = new Map<number, number>();
  readonly #gaps = new Map<number, number>();
  readonly #durable = new Set<Digest>();
  #initiated = 0;
  #highestTouched = -1;

  constructor(coin: Coin) {
    this.#coin = coin;
  }

  /** Undecided slots that this node opened on its own. */
  get initiated(): number {
    return this.#initiated;
  }

  /** The highest slot that anybody has said something about. */
  get highestTouched(): number {
    return this.#highestTouched;
  }

  find(slot: number): SlotEntry | undefined {
    return this.#entries.get(slot);
  }

  /** The slot's entry, made on first use. */
  entry(slot: number, members: readonly string[], nowMs: number): SlotEntry {
    let found = this.#entries.get(slot);
    if (found !== undefined) return found;
    found = {
      mvc: new WeakMvc(slot, members, this.#coin),
      mine: [],
      touchedAtMs: nowMs,
      openedAtMs: nowMs,
      proposed: undefined,
      isInitiated: false,
      resendAtMs: Infinity,
      resends: 0,
    };
    this.#entries.set(slot, found);
    this.#undecided.add(found);
    this.#highestTouched = Math.max(this.#highestTouched, slot);
    return found;
  }

  /** Slots that are not decided, in the order in which they came up. */
  undecided(): Iterable<SlotEntry> {
    return this.#undecided;
  }

  /** This node takes part in a slot. */
  opened(slot: number, digest: Digest, isInitiated: boolean, nowMs: number): void {
    const entry = this.#entries.get(slot);
    assert(entry !== undefined, "A slot is made before it is opened");
    entry.openedAtMs = nowMs;
    entry.proposed = digest;
    entry.isInitiated = isInitiated;
    if (isInitiated) this.#initiated++;
  }

  /** A message of this node. */
  sent(message: SlotMessage, nowMs: number): void {
    const entry = this.#entries.get(message.slot);
    assert(entry !== undefined, "Only slots in the table send");
    entry.mine.push(message);
    if (entry.resendAtMs === Infinity) entry.resendAtMs = nowMs;
  }

  /** A slot is decided: it sends nothing on its own any more. */
  decided(slot: number): void {
    const entry = this.#entries.get(slot);
    if (entry === undefined) return;
    this.#decidedPhases.set(slot, entry.mvc.phase);
    if (this.#undecided.delete(entry) && entry.isInitiated) this.#initiated--;
  }

  /** The phase in which a slot was decided here; 0 when it was learned. */
  decidedPhase(slot: number): number {
    return this.#decidedPhases.get(slot) ?? 0;
  }

  /** A slot is applied. */
  applied(slot: number, window: number): void {
    const entry = this.#entries.get(slot);
    if (entry !== undefined) {
      this.decided(slot);
      this.#entries.delete(slot);
      if (entry.proposed !== undefined) this.#durable.delete(entry.proposed);
    }
    this.#gaps.delete(slot);
    this.#decidedPhases.delete(slot - 4 * window);
  }

  /** A snapshot covers everything before a slot. */
  removeBefore(slot: number): void {
    for (const known of this.#entries.keys()) if (known < slot) this.applied(known, 0);
    for (const known of this.#decidedPhases.keys()) {
      if (known < slot) this.#decidedPhases.delete(known);
    }
  }

  /** Since when a closed slot lies before an open one. */
  gapSince(slot: number, nowMs: number): number {
    const since = this.#gaps.get(slot);
    if (since !== undefined) return since;
    this.#gaps.set(slot, nowMs);
    return nowMs;
  }

  /** Whether the batch is in the log of this node already. */
  isDurable(digest: Digest): boolean {
    return this.#durable.has(digest);
  }

  setDurable(digest: Digest): void {
    this.#durable.add(digest);
  }

  /** Undecided slots whose messages should be sent again. */
  *due(nowMs: number, firstMs: number, maxMs: number): Generator<SlotEntry> {
    for (const entry of this.#undecided) {
      if (entry.resendAtMs > nowMs) continue;
      const isFirst = entry.resends === 0 && entry.openedAtMs + firstMs > nowMs;
      if (!isFirst) {
        entry.resends++;
        yield entry;
      }
      entry.resendAtMs = nowMs + Math.min(maxMs, firstMs * 2 ** Math.min(entry.resends, 10));
    }
  }

  /** After a restart: every slot goes on where its messages ended, and sends them again. */
  resume(): void {
    for (const entry of this.#entries.values()) {
      entry.mvc.resume(entry.mine);
      entry.resendAtMs = 0;
      entry.resends = 1;
    }
  }
}
