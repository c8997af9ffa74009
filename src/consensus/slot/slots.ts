/**
 * The slots that are open or have been heard of, with what is needed to retransmit them.
 *
 * @module
 */
import { type Digest, digestsOf, type SlotMessage } from "../../protocol/consensus/message.ts";
import type { Coin, Proposed, SlotProtocol, SlotProtocolFactory } from "./slot_protocol.ts";
import { stepOf } from "./slot_protocol.ts";

/** One slot. */
export interface Slot {
  readonly number: number;
  readonly members: readonly string[];
  readonly protocol: SlotProtocol;
  /** What this node sent, to be sent again. */
  readonly sent: SlotMessage[];
  /** When it was heard of. */
  readonly touchedAtMs: number;
  openedAtMs: number;
  /** When its proposal was sent; Infinity before that. */
  sentAtMs: number;
  /** What another node was about to propose. */
  suggestion: Proposed | undefined;
  /** Batches that this node proposes. */
  proposed: readonly Digest[];
  /** Whether this node proposed without having seen another proposal. */
  isInitiated: boolean;
  isDecided: boolean;
  resendAtMs: number;
  resends: number;
}

/** What a table needs to make slots. */
export interface SlotTableOptions {
  readonly self: string;
  readonly coin: Coin;
  readonly protocol: SlotProtocolFactory;
  readonly membersAt: (slot: number) => readonly string[];
  readonly isDecided: (slot: number) => boolean;
  /** An open slot holds the batches that it proposes. */
  readonly hold: (slot: number, digests: readonly Digest[]) => void;
  readonly resendMs: number;
  readonly resendMaxMs: number;
}

/** Slots by number, within a few windows. */
export class SlotTable {
  readonly #options: SlotTableOptions;
  readonly #slots = new Map<number, Slot>();
  readonly #undecided = new Set<Slot>();
  /** What was sent in a former life for slots that are not in the table yet. */
  readonly #recovered = new Map<number, SlotMessage[]>();
  #initiated = 0;
  #highest = -1;

  constructor(options: SlotTableOptions) {
    this.#options = options;
  }

  /** Slots in the table. */
  get size(): number {
    return this.#slots.size;
  }

  /** Undecided slots that this node opened on its own. */
  get initiated(): number {
    return this.#initiated;
  }

  /** The highest slot that anybody has said something about. */
  get highest(): number {
    return this.#highest;
  }

  /** Slots that are not decided. */
  get undecided(): ReadonlySet<Slot> {
    return this.#undecided;
  }

  /** The slot, if anything was heard of it. */
  find(number: number): Slot | undefined {
    return this.#slots.get(number);
  }

  /** The slot, made on first use. */
  at(number: number, nowMs: number): Slot {
    const found = this.#slots.get(number);
    if (found !== undefined) return found;
    const { self, coin, membersAt, protocol } = this.#options;
    const members = membersAt(number);
    const slot: Slot = {
      number,
      members,
      protocol: protocol({ slot: number, self, members, coin }),
      sent: [],
      touchedAtMs: nowMs,
      openedAtMs: nowMs,
      sentAtMs: Infinity,
      suggestion: undefined,
      proposed: [],
      isInitiated: false,
      isDecided: false,
      resendAtMs: Infinity,
      resends: 0,
    };
    this.#slots.set(number, slot);
    this.#undecided.add(slot);
    this.#highest = Math.max(this.#highest, number);
    this.#resume(slot, nowMs);
    return slot;
  }

  /** This node takes part in a slot with a proposal. */
  opened(slot: Slot, digests: readonly Digest[], isInitiated: boolean, nowMs: number): void {
    slot.openedAtMs = nowMs;
    slot.proposed = digests;
    slot.isInitiated = isInitiated;
    if (isInitiated) this.#initiated++;
    this.#options.hold(slot.number, digests);
  }

  /** This node sends a message for a slot. */
  sent(slot: Slot, message: SlotMessage, nowMs: number): void {
    slot.sent.push(message);
    if (slot.sent.length > 1) return;
    slot.sentAtMs = nowMs;
    slot.resendAtMs = nowMs + this.#options.resendMs;
  }

  /** A slot is decided: it sends nothing on its own any more. */
  decided(slot: Slot): void {
    if (slot.isDecided) return;
    slot.isDecided = true;
    this.#undecided.delete(slot);
    if (slot.isInitiated) this.#initiated--;
  }

  /**
   * Whether a message for a decided slot calls for the decision: its sender is past what this node
   * has sent it.
   */
  isBeyondSent(message: SlotMessage): boolean {
    const last = this.#slots.get(message.slot)?.sent.at(-1);
    return last === undefined || stepOf(message) > stepOf(last);
  }

  /** Forgets slots before a number, which are decided. */
  forgetBefore(number: number): void {
    for (const [known, slot] of this.#slots) {
      if (known >= number) continue;
      this.decided(slot);
      this.#slots.delete(known);
    }
    for (const known of this.#recovered.keys()) if (known < number) this.#recovered.delete(known);
  }

  /** Undecided slots whose messages should be sent again, less and less often. */
  *due(nowMs: number): Generator<Slot> {
    const { resendMs, resendMaxMs } = this.#options;
    for (const slot of this.#undecided) {
      if (slot.resendAtMs > nowMs) continue;
      slot.resends++;
      slot.resendAtMs = nowMs + Math.min(resendMaxMs, resendMs * 2 ** Math.min(slot.resends, 10));
      yield slot;
    }
  }

  /** Notes what was sent for a slot in a former life. */
  recover(message: SlotMessage): void {
    this.#highest = Math.max(this.#highest, message.slot);
    const known = this.#recovered.get(message.slot);
    if (known === undefined) this.#recovered.set(message.slot, [message]);
    else known.push(message);
  }

  /** Takes up the undecided slots of a former life whose members are known now. */
  resumeBefore(number: number, nowMs: number): void {
    for (const known of this.#recovered.keys()) {
      if (known >= number) continue;
      // What was sent for a decided one is answered by the decision now.
      if (this.#options.isDecided(known)) this.#recovered.delete(known);
      else this.at(known, nowMs);
    }
  }

  #resume(slot: Slot, nowMs: number): void {
    const sent = this.#recovered.get(slot.number);
    if (sent === undefined) return;
    this.#recovered.delete(slot.number);
    slot.protocol.resume(sent);
    slot.sent.push(...sent);
    slot.sentAtMs = nowMs;
    // Sent again at once: others may be waiting for it.
    slot.resendAtMs = nowMs;
    const [first] = sent;
    if (first?.type === "proposal") this.opened(slot, digestsOf(first.value), true, nowMs);
  }
}
