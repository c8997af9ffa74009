/**
 * Moves slots forward at one node: opens them, sends and counts their messages, notes what they
 * decide, and applies it in order.
 *
 * It knows what a slot and a batch are, and nothing about peers beyond their messages of slots. The
 * engine drives it and looks after everything else.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import {
  type Batch,
  type ConsensusRecord,
  type Digest,
  digestsOf,
  emptyValue,
  type LogEntry,
  type SlotMessage,
  type Value,
  valueOf,
} from "../protocol/consensus/message.ts";
import { BatchStore } from "./batches/batch_store.ts";
import { DecidedLog } from "./decided_log.ts";
import type { Outbox } from "./outbox.ts";
import { Opening } from "./slot/opening.ts";
import type { Proposed } from "./slot/slot_protocol.ts";
import { type Slot, SlotTable } from "./slot/slots.ts";
import type { EngineOptions } from "./types.ts";

/** What a pipeline is part of. */
export interface PipelineContext {
  readonly options: EngineOptions;
  readonly outbox: Outbox;
  readonly firstSlot: number;
  readonly membersAt: (slot: number) => readonly string[];
  /** Whether this node may take part in a slot. */
  readonly mayVote: (slot: number) => boolean;
}

/** What was made of a message of a slot. */
export type SlotReceipt = "taken" | "conflict" | "compacted" | "beyond" | {
  readonly decided: Value;
};

/** The slots of one node. */
export class Pipeline {
  readonly batches: BatchStore;
  readonly log: DecidedLog;
  readonly slots: SlotTable;
  readonly opening: Opening;
  readonly #context: PipelineContext;
  readonly #options: EngineOptions;
  readonly #outbox: Outbox;
  #maxOpened: number;
  /** Slots from here on may have members that this node does not know yet. */
  #horizon = 0;
  #nowMs = -Infinity;
  /** Until then nobody waits for all proposals: they did not all come in time. */
  #hopelessUntilMs = -Infinity;

  constructor(context: PipelineContext) {
    const { options, firstSlot, membersAt } = context;
    this.#context = context;
    this.#options = options;
    this.#outbox = context.outbox;
    this.log = new DecidedLog(firstSlot);
    const { log } = this;
    const appliedPayload = (digest: Digest) => log.payloadOf(digest);
    const batches = new BatchStore({ ...options, appliedPayload });
    this.batches = batches;
    this.slots = new SlotTable({
      ...options,
      membersAt,
      isDecided: (slot) => log.isDecided(slot),
      hold: (slot, digests) => batches.hold(slot, digests),
    });
    this.opening = new Opening({ options, batches, slots: this.slots, log, membersAt });
    this.#maxOpened = firstSlot - 1;
    this.see(-Infinity);
  }

  /** The highest slot that this node has opened in this life. */
  get maxOpened(): number {
    return this.#maxOpened;
  }

  /** Slots before this one have members that are known. */
  get horizon(): number {
    return this.#horizon;
  }

  /** Whether something waits for time to pass. */
  get isBusy(): boolean {
    // Of slots in which it takes no part it only hears.
    return this.batches.size > 0 || this.opening.isFilling(this.log.next) ||
      this.#outbox.isHolding ||
      this.slots.undecided.values().some(({ number }) => this.#context.mayVote(number));
  }

  /**
   * Another input comes: the host has applied everything before it and said which members that
   * changes.
   */
  see(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#horizon = this.log.next + 2 * this.#options.window;
  }

  /** Does everything that is possible now. */
  run(): void {
    this.slots.resumeBefore(this.#horizon, this.#nowMs);
    for (let moved = true; moved;) {
      moved = this.#advanceSlots();
      moved = this.#applyReady() || moved;
      moved = this.#openSlots() || moved;
    }
    this.slots.forgetBefore(this.log.next - this.#options.window);
  }

  /** Takes a message of a slot. */
  receive(from: string, message: SlotMessage): SlotReceipt {
    const number = message.slot;
    if (number < this.log.start) return "compacted";
    const decided = this.log.valueAt(number);
    if (decided !== undefined) return { decided };
    // Beyond it this node is behind: it will fetch what was decided.
    if (number >= this.#horizon) return "beyond";
    const slot = this.slots.at(number, this.#nowMs);
    if (message.type === "proposal") this.opening.proposalSeen(slot, from, this.#nowMs);
    return slot.protocol.receive(from, message) === "conflict" ? "conflict" : "taken";
  }

  /** Another node is about to propose a value, which its disk is still writing. */
  hear(from: string, number: number, value: Value): void {
    if (number < this.log.start || number >= this.#horizon || this.log.isDecided(number)) return;
    const slot = this.slots.at(number, this.#nowMs);
    if (!slot.members.includes(from)) return;
    this.opening.proposalSeen(slot, from, this.#nowMs);
    slot.suggestion ??= { from, value };
  }

  /** Another node has decided a slot. */
  learn(number: number, value: Value): void {
    if (number >= this.#horizon || this.log.isDecided(number)) return;
    this.slots.find(number)?.protocol.decide(value);
    this.#decided(number, value);
  }

  /** Applies what follows of decided entries; answers whether anything did. */
  take(entries: readonly LogEntry[]): boolean {
    const { next } = this.log;
    for (const { slot, batches } of entries) {
      if (slot !== this.log.next) continue;
      const value = valueOf(batches.map(({ digest }) => digest));
      this.slots.find(slot)?.protocol.decide(value);
      this.#decided(slot, value);
      this.#apply(batches);
    }
    return this.log.next > next;
  }

  /** Sends a message of this node, which is durable now. */
  confirm(message: SlotMessage): void {
    this.#outbox.send("all", message);
    const slot = this.slots.find(message.slot);
    if (slot === undefined) return;
    this.slots.sent(slot, message, this.#nowMs);
    slot.protocol.confirm(message);
  }

  /** Retransmits the messages of undecided slots that are due. */
  resend(): void {
    for (const { sent } of this.slots.due(this.#nowMs)) {
      for (const message of sent) this.#outbox.send("all", message, true);
    }
  }

  /** A snapshot covers everything before a slot. */
  restart(firstSlot: number): void {
    this.log.restart(firstSlot);
    this.slots.forgetBefore(firstSlot);
    this.batches.restart(firstSlot);
    this.see(this.#nowMs);
  }

  /** Takes up what was made durable in a former life. */
  recover(records: readonly ConsensusRecord[]): void {
    const payloads = new Map<Digest, Uint8Array>();
    const keep = (value: Value) => {
      for (const digest of digestsOf(value)) {
        const payload = payloads.get(digest);
        if (payload !== undefined) this.batches.recover({ digest, payload });
      }
    };
    for (const record of records) {
      if (record.type === "batch") {
        payloads.set(record.digest, record.payload);
        continue;
      }
      const { slot } = record.type === "sent" ? record.message : record;
      if (record.type === "sent") this.#maxOpened = Math.max(this.#maxOpened, slot);
      if (slot < this.log.next) continue;
      if (record.type === "decided") {
        if (this.log.decide(slot, record.value)) {
          this.batches.hold(slot, digestsOf(record.value));
        }
        keep(record.value);
      } else {
        this.slots.recover(record.message);
        if (record.message.type === "proposal") keep(record.message.value);
      }
    }
  }

  #advanceSlots(): boolean {
    let moved = false;
    for (const slot of this.slots.undecided) {
      const { protocol } = slot;
      const patient = this.#nowMs - slot.openedAtMs < this.opening.patienceMs;
      for (;;) {
        if (protocol.isUnanimous && this.#isHopeful(slot)) break;
        const message = protocol.next(patient);
        if (message === undefined) break;
        this.#emit(slot, message);
        moved = true;
      }
      if (protocol.decision === undefined) continue;
      this.#decided(slot.number, protocol.decision);
      moved = true;
    }
    return moved;
  }

  /** Whether all proposals may come soon: they save everybody a vote and the time to sync it. */
  #isHopeful({ members, sentAtMs }: Slot): boolean {
    const { durable, hopeMs, lateMs } = this.#options;
    if (!durable || hopeMs === 0 || this.#nowMs < this.#hopelessUntilMs) return false;
    if (this.opening.isSuspected(members)) return false;
    if (this.#nowMs - sentAtMs < hopeMs) return true;
    this.#hopelessUntilMs = this.#nowMs + lateMs;
    return false;
  }

  #decided(number: number, value: Value): void {
    const slot = this.slots.find(number);
    if (slot !== undefined) {
      this.opening.decided(slot, value, this.#nowMs);
      this.slots.decided(slot);
    }
    if (!this.log.decide(number, value)) return;
    this.batches.hold(number, digestsOf(value));
    this.#outbox.note({ type: "decided", slot: number, value });
  }

  #applyReady(): boolean {
    for (let moved = false;; moved = true) {
      const value = this.log.valueAt(this.log.next);
      if (value === undefined) return moved;
      const batches = this.batches.batchesOf(value);
      if (batches === undefined) {
        this.#want(value, undefined);
        return moved;
      }
      this.#apply(batches);
    }
  }

  #apply(batches: readonly Batch[]): void {
    const entry = this.log.apply(batches);
    this.batches.applied(entry);
    this.opening.applied(entry);
    this.#outbox.push({ type: "apply", entry });
  }

  /** Asks for the missing batches of a value. */
  #want(value: Value, proposer: string | undefined): void {
    for (const { digest, to } of this.batches.ask(value, proposer, this.#nowMs)) {
      this.#outbox.send(to, { type: "get", digest });
    }
  }

  /** Opens slots of the window for which there is a reason. */
  #openSlots(): boolean {
    const { next } = this.log;
    const end = Math.min(next + this.#options.window, this.#horizon);
    let moved = false;
    let isFrontier = true;
    for (let number = next; number < end; number++) {
      const slot = this.slots.find(number);
      if (slot?.protocol.isOpen || this.log.isDecided(number)) continue;
      if (!this.#context.mayVote(number)) continue;
      let value: Value | undefined;
      const isAdopted = slot !== undefined && favouriteOf(slot) !== undefined;
      if (isAdopted) value = this.#adopt(slot);
      else if (isFrontier) {
        value = this.opening.initiate(number, this.#nowMs);
        isFrontier = value !== undefined;
      }
      if (value === undefined) continue;
      this.#open(number, value, !isAdopted);
      moved = true;
    }
    return moved;
  }

  /** Agreeing with whoever came first is what makes proposals equal. */
  #adopt(slot: Slot): Value | undefined {
    const favourite = favouriteOf(slot);
    if (favourite === undefined) return undefined;
    if (this.batches.batchesOf(favourite.value) !== undefined) return favourite.value;
    this.#want(favourite.value, favourite.from);
    // Long enough for an answer; if there is none, nobody may have the batches any more.
    const { graceMs, takeoverMs, resendMs } = this.#options;
    const isLost = this.#nowMs - slot.touchedAtMs > graceMs + 2 * takeoverMs + resendMs;
    return isLost ? emptyValue : undefined;
  }

  #open(number: number, value: Value, isInitiated: boolean): void {
    const slot = this.slots.at(number, this.#nowMs);
    const digests = digestsOf(value);
    this.#maxOpened = Math.max(this.#maxOpened, number);
    this.slots.opened(slot, digests, isInitiated, this.#nowMs);
    for (const digest of digests) {
      const payload = this.batches.payloadOf(digest);
      assert(payload !== undefined, `Batch ${digest} is proposed but not known`);
      this.#outbox.record({ type: "batch", digest, payload });
    }
    if (isInitiated && this.#options.durable && slot.members.length > 1) {
      this.#outbox.send("all", { type: "suggestion", slot: number, value });
    }
    this.#emit(slot, slot.protocol.open(value));
  }

  /** Counts a message of this node at once, and sends it when it is durable. */
  #emit(slot: Slot, message: SlotMessage): void {
    slot.protocol.receive(this.#options.self, message);
    if (!this.#outbox.hold(message)) this.confirm(message);
  }
}

/** What others propose, or else are about to. */
function favouriteOf({ protocol, suggestion }: Slot): Proposed | undefined {
  return protocol.favourite ?? suggestion;
}
