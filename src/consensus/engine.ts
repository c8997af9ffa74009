/**
 * The consensus engine: a replicated log of batches, decided slot by slot.
 *
 * Pure: `step(input, nowMs)` answers what the host must do; there is no IO, clock or randomness in
 * it. Slots are decided in any order within a window and applied in order. Safety needs no timing;
 * times only decide when to retransmit, to take over, and to ask for what is missing.
 *
 * @module
 */
import { assert, unreachable } from "../base/assert.ts";
import {
  type Batch,
  type ConsensusRecord,
  type Digest,
  digestsOf,
  emptyValue,
  type Header,
  type LogEntry,
  type Message,
  type SlotMessage,
  type Value,
  valueOf,
} from "../protocol/consensus/message.ts";
import { Barriers } from "./barriers.ts";
import { BatchStore } from "./batches/batch_store.ts";
import { CatchUp } from "./catch_up.ts";
import { DecidedLog } from "./decided_log.ts";
import { Opening } from "./slot/opening.ts";
import { Outbox } from "./outbox.ts";
import { type Configuration, Configurations } from "./quorum.ts";
import { Rejoin } from "./rejoin.ts";
import { type Slot, SlotTable } from "./slot/slots.ts";
import type { EngineOptions, EngineStart, Input, Output } from "./types.ts";

/** One node's engine. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #configurations: Configurations;
  readonly #batches: BatchStore;
  readonly #log: DecidedLog;
  readonly #slots: SlotTable;
  readonly #opening: Opening;
  readonly #barriers: Barriers;
  readonly #rejoin: Rejoin;
  readonly #catchUp: CatchUp;
  readonly #outbox: Outbox;
  #maxOpened: number;
  /** Slots from here on may have members that this node does not know yet. */
  #horizon: number;
  #nowMs = -Infinity;

  constructor(options: EngineOptions, start: EngineStart) {
    const { self, window, resendMs, barriersMax } = options;
    this.#options = options;
    this.#configurations = new Configurations(start.configurations);
    this.#log = new DecidedLog(start.firstSlot);
    const appliedPayload = (digest: Digest) => this.#log.payloadOf(digest);
    this.#batches = new BatchStore({ ...options, appliedPayload });
    const membersAt = (slot: number) => this.#configurations.at(slot).members;
    const isDecided = (slot: number) => this.#log.isDecided(slot);
    const hold = (slot: number, digests: readonly Digest[]) => this.#batches.hold(slot, digests);
    this.#slots = new SlotTable({ ...options, hold, membersAt, isDecided });
    this.#opening = new Opening({
      options,
      batches: this.#batches,
      slots: this.#slots,
      log: this.#log,
      membersAt,
    });
    this.#barriers = new Barriers({ barriersMax, resendMs });
    this.#rejoin = new Rejoin(self, window, start.rejoinNonce);
    this.#catchUp = new CatchUp(resendMs / 2);
    this.#outbox = new Outbox(options.durable);
    this.#maxOpened = start.firstSlot - 1;
    this.#horizon = start.firstSlot + 2 * window;
    this.#recover(start.records);
  }

  /** The next slot to apply. */
  get nextSlot(): number {
    return this.#log.next;
  }

  /** First slot that is kept for nodes that catch up. */
  get logStart(): number {
    return this.#log.start;
  }

  /** Whether the node takes part in new slots, or only learns. */
  get isVoting(): boolean {
    return this.#mayVote(Math.max(this.#log.next, this.#maxOpened + 1));
  }

  /** Whether something waits for time to pass. */
  get isBusy(): boolean {
    return this.#slots.undecided.size > 0 || this.#batches.size > 0 || this.#barriers.size > 0 ||
      this.#log.next <= this.#rejoin.abstainUpTo || this.#opening.isFilling(this.#log.next) ||
      this.#catchUp.isBehind(this.#log.next) || this.#outbox.isHolding;
  }

  /**
   * The last slot in which the node takes no part since it forgot; -1 or, while unknown,
   * Infinity.
   */
  get abstainUpTo(): number {
    return this.#rejoin.abstainUpTo;
  }

  /** Configurations from the first kept slot on. */
  get configurations(): Configurations["all"] {
    return this.#configurations.all;
  }

  /** How much is kept in memory, in items. */
  get usage(): { readonly batches: number; readonly slots: number; readonly wanted: number } {
    return { batches: this.#batches.size, slots: this.#slots.size, wanted: this.#batches.wanted };
  }

  /** The header that goes with every message of this node. */
  header(resent: boolean): Header {
    return { decidedUpTo: this.#log.next - 1, resent };
  }

  /** Takes one input; answers what to do, in order. */
  step(input: Input, nowMs: number): Output[] {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    if (input.type === "configure") {
      this.#configurations.add(input.configuration);
      this.#opening.fillUpTo(input.configuration.from);
      return [];
    }
    // The host has applied everything before this input and said which members that changes.
    this.#horizon = this.#log.next + 2 * this.#options.window;
    this.#take(input);
    this.#progress();
    return this.#outbox.take();
  }

  #take(input: Exclude<Input, { type: "configure" }>): void {
    switch (input.type) {
      case "submit":
        return this.#submit(input.digest, input.payload);
      case "message":
        return this.#receive(input.from, input.header, input.message);
      case "heard":
        return this.#catchUp.observe(input.from, input.header.decidedUpTo);
      case "tick":
        return this.#tick();
      case "persisted":
        for (const message of this.#outbox.persisted(input.sequence)) this.#confirm(message);
        return;
      case "suspect":
        return this.#opening.suspect(input.nodes);
      case "compact":
        this.#log.compact(input.before);
        return this.#configurations.forgetBefore(this.#log.start);
      case "restored":
        return this.#restored(input.firstSlot, input.configurations);
      case "barrier":
        if (!this.#barriers.begin(input.id)) {
          this.#outbox.push({ type: "barrierRefused", id: input.id });
        }
        return;
      default:
        return unreachable(input);
    }
  }

  #submit(digest: Digest, payload: Uint8Array): void {
    if (this.#batches.submit({ digest, payload }, this.#nowMs)) {
      this.#outbox.send("all", { type: "batch", digest, payload });
    } else this.#outbox.push({ type: "refused", digest });
  }

  #receive(from: string, header: Header, message: Message): void {
    this.#catchUp.observe(from, header.decidedUpTo);
    switch (message.type) {
      case "proposal":
      case "state":
      case "vote":
        return this.#receiveSlot(from, header, message);
      case "batch":
        return this.#batches.receive(message, header.resent, this.#nowMs);
      case "get":
        return this.#answerGet(from, message.digest);
      case "decision":
        return this.#learn(message.slot, message.value);
      case "fetch":
        return this.#answerFetch(from, message.from);
      case "entries":
        return this.#receiveEntries(from, message.entries);
      case "compacted":
        if (message.logStart > this.#log.next) this.#outbox.push({ type: "needSnapshot", from });
        return;
      case "rejoinAsk":
        return this.#answerRejoin(from, message.nonce, message.fillUpTo);
      case "rejoinTell":
        return this.#rejoin.answer(from, message.nonce, message.maxOpened);
      case "barrierAsk":
        return this.#answerBarrier(from, message.id);
      case "barrierTell":
        return this.#barriers.answer(message.id, from, message.maxOpened);
      default:
        return unreachable(message);
    }
  }

  #receiveSlot(from: string, header: Header, message: SlotMessage): void {
    const number = message.slot;
    if (number < this.#log.start) {
      if (header.resent) {
        this.#outbox.send(from, { type: "compacted", logStart: this.#log.start });
      }
      return;
    }
    const decided = this.#log.valueAt(number);
    if (decided !== undefined) {
      if (header.resent || this.#slots.isBeyondSent(message)) {
        this.#outbox.send(from, { type: "decision", slot: number, value: decided });
      }
      return;
    }
    // Beyond it this node is behind: it will fetch what was decided.
    if (number >= this.#horizon) return;
    const slot = this.#slots.at(number, this.#nowMs);
    if (message.type === "proposal") this.#opening.proposalSeen(slot, from, this.#nowMs);
    if (slot.protocol.receive(from, message) === "conflict") {
      const detail =
        `${from} may not send this ${message.type} for slot ${number}, or sent another`;
      this.#outbox.push({ type: "alarm", detail });
    }
  }

  #answerGet(from: string, digest: Digest): void {
    const payload = this.#batches.payloadOf(digest);
    if (payload !== undefined) this.#outbox.send(from, { type: "batch", digest, payload });
  }

  #learn(number: number, value: Value): void {
    if (number >= this.#horizon || this.#log.isDecided(number)) return;
    this.#slots.find(number)?.protocol.decide(value);
    this.#decided(number, value);
  }

  #answerFetch(from: string, slot: number): void {
    const { fetchEntriesMax, fetchBytesMax } = this.#options;
    const entries = this.#log.read(slot, fetchEntriesMax, fetchBytesMax);
    if (entries === undefined) {
      this.#outbox.send(from, { type: "compacted", logStart: this.#log.start });
    } else if (entries.length > 0) this.#outbox.send(from, { type: "entries", entries });
  }

  #receiveEntries(from: string, entries: readonly LogEntry[]): void {
    let isNew = false;
    for (const { slot, batches } of entries) {
      if (slot !== this.#log.next) continue;
      isNew = true;
      const value = valueOf(batches.map(({ digest }) => digest));
      this.#slots.find(slot)?.protocol.decide(value);
      this.#decided(slot, value);
      this.#apply(batches);
    }
    const isBehind = this.#catchUp.hasDecided(from, this.#log.next + this.#options.window);
    if (isNew && isBehind) this.#outbox.send(from, { type: "fetch", from: this.#log.next });
  }

  #answerBarrier(from: string, id: number): void {
    // Who abstains cannot say what it opened in its former life.
    if (this.#log.next <= this.#rejoin.abstainUpTo) return;
    this.#outbox.send(from, { type: "barrierTell", id, maxOpened: this.#highestOpened() });
  }

  /** No slot above this one was opened here, in any life. */
  #highestOpened(): number {
    return Math.max(this.#maxOpened, this.#rejoin.abstainUpTo, this.#log.next - 1);
  }

  #answerRejoin(from: string, nonce: string, fillUpTo: number): void {
    // Somebody who remembers nothing either must not be counted as a witness.
    if (this.#rejoin.isAsking) return;
    this.#outbox.send(from, { type: "rejoinTell", nonce, maxOpened: this.#highestOpened() });
    this.#opening.fillUpTo(Math.min(fillUpTo, this.#horizon + 2 * this.#options.window));
  }

  #restored(firstSlot: number, configurations: EngineStart["configurations"]): void {
    if (firstSlot <= this.#log.next) return;
    for (const each of configurations) {
      if (each.from > this.#configurations.latest.from) this.#configurations.add(each);
    }
    this.#log.restart(firstSlot);
    this.#slots.forgetBefore(firstSlot);
    this.#batches.releaseBefore(firstSlot);
    this.#configurations.forgetBefore(firstSlot);
    this.#horizon = firstSlot + 2 * this.#options.window;
  }

  #tick(): void {
    const { resendMs } = this.#options;
    if (!this.isVoting) {
      for (const batch of this.#batches.relays(this.#nowMs)) {
        this.#outbox.send("all", { type: "batch", ...batch }, true);
      }
    }
    for (const { sent } of this.#slots.due(this.#nowMs)) {
      for (const message of sent) this.#outbox.send("all", message, true);
    }
    const { nonce, isAsking, abstainUpTo } = this.#rejoin;
    if (nonce !== undefined && this.#rejoin.isDue(this.#log.next, this.#nowMs, resendMs)) {
      this.#outbox.send("all", {
        type: "rejoinAsk",
        nonce,
        fillUpTo: isAsking ? -1 : abstainUpTo,
      });
    }
    const peer = this.#catchUp.due(this.#log.next, this.#nowMs);
    if (peer !== undefined) this.#outbox.send(peer, { type: "fetch", from: this.#log.next });
    this.#batches.forgetOld(this.#nowMs);
  }

  /** Does everything that is possible now. */
  #progress(): void {
    this.#slots.resumeBefore(this.#horizon, this.#nowMs);
    for (let moved = true; moved;) {
      moved = this.#advanceSlots();
      moved = this.#applyReady() || moved;
      moved = this.#openSlots() || moved;
    }
    const { next } = this.#log;
    this.#slots.forgetBefore(next - this.#options.window);
    if (next >= this.#horizon) return;
    this.#rejoin.conclude(next, this.#configurations);
    this.#progressBarriers(this.#configurations.at(next));
  }

  #progressBarriers(configuration: Configuration): void {
    const { self } = this.#options;
    const id = this.#barriers.start(configuration, this.#nowMs) ??
      this.#barriers.due(configuration, this.#nowMs);
    if (id !== undefined) {
      if (this.#log.next > this.#rejoin.abstainUpTo) {
        this.#barriers.answer(id, self, this.#highestOpened());
      }
      if (configuration.members.some((member) => member !== self)) {
        this.#outbox.send("all", { type: "barrierAsk", id });
      }
    }
    for (const done of this.#barriers.take(this.#log.next, configuration)) {
      this.#outbox.push({ type: "barrierDone", id: done });
    }
  }

  #advanceSlots(): boolean {
    let moved = false;
    for (const slot of this.#slots.undecided) {
      const { protocol } = slot;
      const patient = this.#nowMs - slot.openedAtMs < this.#opening.patienceMs;
      for (;;) {
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

  #decided(number: number, value: Value): void {
    const slot = this.#slots.find(number);
    if (slot !== undefined) {
      this.#opening.decided(slot, value, this.#nowMs);
      this.#slots.decided(slot);
    }
    if (!this.#log.decide(number, value)) return;
    this.#batches.hold(number, digestsOf(value));
    this.#outbox.note({ type: "decided", slot: number, value });
  }

  #applyReady(): boolean {
    for (let moved = false;; moved = true) {
      const value = this.#log.valueAt(this.#log.next);
      if (value === undefined) return moved;
      const batches = this.#batches.batchesOf(value);
      if (batches === undefined) {
        this.#want(value, undefined);
        return moved;
      }
      this.#apply(batches);
    }
  }

  #apply(batches: readonly Batch[]): void {
    const entry = this.#log.apply(batches);
    this.#batches.applied(entry);
    this.#opening.applied(entry);
    this.#outbox.push({ type: "apply", entry });
  }

  /** Asks for the missing batches of a value. */
  #want(value: Value, proposer: string | undefined): void {
    for (const { digest, to } of this.#batches.ask(value, proposer, this.#nowMs)) {
      this.#outbox.send(to, { type: "get", digest });
    }
  }

  #mayVote(number: number): boolean {
    return number > this.#rejoin.abstainUpTo &&
      this.#configurations.at(number).members.includes(this.#options.self);
  }

  /** Opens slots of the window for which there is a reason. */
  #openSlots(): boolean {
    const { next } = this.#log;
    const end = Math.min(next + this.#options.window, this.#horizon);
    let moved = false;
    let isFrontier = true;
    for (let number = next; number < end; number++) {
      const slot = this.#slots.find(number);
      if (slot?.protocol.isOpen || this.#log.isDecided(number)) continue;
      if (!this.#mayVote(number)) continue;
      let value: Value | undefined;
      const isAdopted = slot?.protocol.favourite !== undefined;
      if (isAdopted) value = this.#adopt(slot);
      else if (isFrontier) {
        value = this.#opening.initiate(number, this.#nowMs);
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
    const { favourite } = slot.protocol;
    if (favourite === undefined) return undefined;
    if (this.#batches.batchesOf(favourite.value) !== undefined) return favourite.value;
    this.#want(favourite.value, favourite.from);
    // Long enough for an answer; if there is none, nobody may have the batches any more.
    const { graceMs, takeoverMs, resendMs } = this.#options;
    const isLost = this.#nowMs - slot.touchedAtMs > graceMs + 2 * takeoverMs + resendMs;
    return isLost ? emptyValue : undefined;
  }

  #open(number: number, value: Value, isInitiated: boolean): void {
    const slot = this.#slots.at(number, this.#nowMs);
    const digests = digestsOf(value);
    this.#maxOpened = Math.max(this.#maxOpened, number);
    this.#slots.opened(slot, digests, isInitiated, this.#nowMs);
    for (const digest of digests) {
      const payload = this.#batches.payloadOf(digest);
      assert(payload !== undefined, `Batch ${digest} is proposed but not known`);
      this.#outbox.record({ type: "batch", digest, payload });
    }
    this.#emit(slot, slot.protocol.open(value));
  }

  /** Counts a message of this node at once, and sends it when it is durable. */
  #emit(slot: Slot, message: SlotMessage): void {
    slot.protocol.receive(this.#options.self, message);
    if (!this.#outbox.hold(message)) this.#confirm(message);
  }

  #confirm(message: SlotMessage): void {
    this.#outbox.send("all", message);
    const slot = this.#slots.find(message.slot);
    if (slot === undefined) return;
    this.#slots.sent(slot, message, this.#nowMs);
    slot.protocol.confirm(message);
  }

  #recover(records: readonly ConsensusRecord[]): void {
    const payloads = new Map<Digest, Uint8Array>();
    const keep = (value: Value) => {
      for (const digest of digestsOf(value)) {
        const payload = payloads.get(digest);
        if (payload !== undefined) this.#batches.recover({ digest, payload });
      }
    };
    for (const record of records) {
      if (record.type === "batch") {
        payloads.set(record.digest, record.payload);
        continue;
      }
      const { slot } = record.type === "sent" ? record.message : record;
      if (record.type === "sent") this.#maxOpened = Math.max(this.#maxOpened, slot);
      if (slot < this.#log.next) continue;
      if (record.type === "decided") {
        if (this.#log.decide(slot, record.value)) {
          this.#batches.hold(slot, digestsOf(record.value));
        }
        keep(record.value);
      } else {
        this.#slots.recover(record.message);
        if (record.message.type === "proposal") keep(record.message.value);
      }
    }
  }
}
