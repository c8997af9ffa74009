/**
 * The consensus engine: a replicated log of batches, decided slot by slot with weak-MVC.
 *
 * Pure: `step(input, nowMs)` answers what the host must do; there is no IO, clock or randomness in
 * it. Slots are decided in any order within a window and applied in order. Safety needs no timing;
 * times only decide when to retransmit, to take over, and to ask for what is missing.
 *
 * @module
 */
import { assert, unreachable } from "../base/assert.ts";
import {
  type ConsensusRecord,
  type Digest,
  type Header,
  type LogEntry,
  type Message,
  noBatch,
  type SlotMessage,
} from "../protocol/consensus/message.ts";
import { Barriers } from "./barriers.ts";
import { Batches } from "./batches.ts";
import { DecidedLog } from "./decided_log.ts";
import { Ownership } from "./ownership.ts";
import { Configurations } from "./quorum.ts";
import { Rejoin } from "./rejoin.ts";
import { SlotTable } from "./slots.ts";
import type { EngineOptions, EngineStart, Input, Output } from "./types.ts";

const noPayload = new Uint8Array();
const noSuspects: ReadonlySet<string> = new Set();

/** One node's engine. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #configurations: Configurations;
  readonly #batches: Batches;
  readonly #log: DecidedLog;
  readonly #ownership: Ownership;
  readonly #slots: SlotTable;
  readonly #barriers: Barriers;
  /** Batches asked for: when to ask again. */
  readonly #wanted = new Map<Digest, number>();
  /** Digests of batches that are durable here already. */
  readonly #peerDecided = new Map<string, number>();
  #suspected = noSuspects;
  #rejoin: Rejoin | undefined;
  #abstainUpTo = -1;
  /** Owners open slots without a batch up to here. */
  #fillUpTo = -1;
  #maxOpened: number;
  #nowMs = 0;
  #outputs: Output[] = [];
  #records: ConsensusRecord[] = [];
  #held: { readonly sequence: number; readonly messages: SlotMessage[] }[] = [];
  #holding: SlotMessage[] = [];
  #sequence = 0;
  #stuckSinceMs = 0;
  #stuckAt = -1;

  constructor(options: EngineOptions, start: EngineStart) {
    const first = start.configurations[0];
    assert(first !== undefined, "A node starts with a configuration");
    this.#options = options;
    this.#configurations = new Configurations(first);
    for (const each of start.configurations.slice(1)) this.#configurations.add(each);
    this.#batches = new Batches(options.batchLimits);
    this.#log = new DecidedLog(start.firstSlot);
    this.#ownership = new Ownership(options.window);
    this.#slots = new SlotTable(options.coin);
    this.#barriers = new Barriers(options.resendMs);
    this.#maxOpened = start.firstSlot - 1;
    if (start.rejoinNonce !== undefined) this.#rejoin = new Rejoin(start.rejoinNonce);
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

  /** Whether the node takes part, or only learns. */
  get isVoting(): boolean {
    return this.#canVote(Math.max(this.#log.next, this.#maxOpened + 1));
  }

  /** Configurations from the first kept slot on. */
  get configurations(): Configurations["all"] {
    return this.#configurations.all;
  }

  /** Batches that are submitted or relayed and not decided. */
  get waiting(): number {
    return this.#batches.size;
  }

  /** The header that goes with every message of this node. */
  header(resent: boolean): Header {
    return { decidedUpTo: this.#log.next - 1, resent };
  }

  /** Takes one input; answers what to do, in order. */
  step(input: Input, nowMs: number): Output[] {
    this.#nowMs = nowMs;
    this.#outputs = [];
    this.#take(input);
    this.#progress();
    this.#flushRecords();
    return this.#outputs;
  }

  #take(input: Input): void {
    switch (input.type) {
      case "submit":
        return this.#submit(input.digest, input.payload);
      case "message":
        return this.#receive(input.from, input.header, input.message);
      case "tick":
        return this.#tick();
      case "persisted":
        return this.#persisted(input.sequence);
      case "configure":
        return this.#configurations.add(input.configuration);
      case "suspect":
        this.#suspected = input.nodes;
        return;
      case "compact":
        this.#log.compact(input.before);
        this.#configurations.forgetBefore(this.#log.start);
        return;
      case "restored":
        return this.#restored(input.firstSlot, input.configurations);
      case "barrier":
        return this.#beginBarrier(input.id);
      default:
        return unreachable(input);
    }
  }

  #submit(digest: Digest, payload: Uint8Array): void {
    if (!this.#batches.add(digest, payload, this.#nowMs, true)) {
      this.#outputs.push({ type: "refused", digest });
      return;
    }
    this.#send("all", { type: "batch", digest, payload });
  }

  #receive(from: string, header: Header, message: Message): void {
    const known = this.#peerDecided.get(from) ?? -1;
    if (header.decidedUpTo > known) this.#peerDecided.set(from, header.decidedUpTo);
    switch (message.type) {
      case "proposal":
      case "state":
      case "vote":
        return this.#receiveSlot(from, header, message);
      case "batch":
        return this.#receiveBatch(message.digest, message.payload);
      case "get": {
        const payload = this.#batches.payload(message.digest) ??
          this.#log.payloadOf(message.digest);
        if (payload !== undefined) {
          this.#send(from, { type: "batch", digest: message.digest, payload });
        }
        return;
      }
      case "decision":
        return this.#learnDecision(message.slot, message.digest);
      case "fetch":
        return this.#answerFetch(from, message.from);
      case "entries":
        return this.#receiveEntries(message.entries);
      case "compacted":
        if (message.logStart > this.#log.next) this.#outputs.push({ type: "needSnapshot", from });
        return;
      case "rejoinAsk":
        return this.#answerRejoin(from, message.nonce);
      case "rejoinTell":
        return this.#receiveRejoin(from, message.nonce, message.maxOpened);
      case "barrierAsk":
        // Who abstains cannot say what it opened in its former life.
        if (this.#isAbstaining) return;
        return this.#send(from, {
          type: "barrierTell",
          id: message.id,
          maxOpened: this.#maxOpened,
        });
      case "barrierTell":
        return this.#barriers.answer(message.id, from, message.maxOpened);
      default:
        return unreachable(message);
    }
  }

  #receiveSlot(from: string, header: Header, message: SlotMessage): void {
    const { slot } = message;
    if (slot < this.#log.start) {
      if (header.resent) this.#send(from, { type: "compacted", logStart: this.#log.start });
      return;
    }
    const decided = this.#log.digestAt(slot);
    if (decided !== undefined) {
      const phase = message.type === "proposal" ? 0 : message.phase;
      // A first message in the phase of the decision needs no answer: its sender gets the same votes.
      if (header.resent || phase > this.#slots.decidedPhase(slot)) {
        this.#send(from, { type: "decision", slot, digest: decided });
      }
      return;
    }
    // Beyond the window this node is behind: it will fetch what was decided.
    if (slot >= this.#log.next + 2 * this.#options.window) return;
    const entry = this.#slots.entry(slot, this.#configurations.at(slot).members, this.#nowMs);
    const receipt = entry.mvc.receive(from, message);
    if (receipt === "conflict") {
      this.#outputs.push({
        type: "alarm",
        detail: `${from} sent two different messages of type ${message.type} for slot ${slot}`,
      });
    }
  }

  #receiveBatch(digest: Digest, payload: Uint8Array): void {
    this.#wanted.delete(digest);
    if (this.#log.payloadOf(digest) !== undefined) return;
    this.#batches.add(digest, payload, this.#nowMs, false);
  }

  #learnDecision(slot: number, digest: Digest): void {
    const isNear = slot < this.#log.next + 2 * this.#options.window;
    if (!isNear || this.#log.isDecided(slot)) return;
    this.#slots.find(slot)?.mvc.decide(digest);
    this.#decided(slot, digest);
  }

  #answerFetch(from: string, slot: number): void {
    const { fetchEntriesMax, fetchBytesMax } = this.#options;
    const entries = this.#log.read(slot, fetchEntriesMax, fetchBytesMax);
    if (entries === undefined) {
      this.#send(from, { type: "compacted", logStart: this.#log.start });
    } else if (entries.length > 0) this.#send(from, { type: "entries", entries });
  }

  #receiveEntries(entries: readonly LogEntry[]): void {
    for (const { slot, digest, payload } of entries) {
      if (slot < this.#log.next || slot > this.#log.next) continue;
      if (!this.#log.isDecided(slot)) {
        this.#slots.find(slot)?.mvc.decide(digest);
        this.#decided(slot, digest);
      }
      this.#applyNext(payload);
    }
  }

  #beginBarrier(id: number): void {
    const configuration = this.#configurations.at(this.#log.next);
    this.#barriers.begin(id, configuration, this.#nowMs);
    if (!this.#isAbstaining) this.#barriers.answer(id, this.#options.self, this.#maxOpened);
    if (configuration.members.some((member) => member !== this.#options.self)) {
      this.#send("all", { type: "barrierAsk", id });
    }
  }

  get #isAbstaining(): boolean {
    return this.#rejoin !== undefined || this.#log.next <= this.#abstainUpTo;
  }

  #answerRejoin(from: string, nonce: string): void {
    // Somebody who remembers nothing either must not be counted as a witness.
    if (this.#rejoin !== undefined) return;
    const maxOpened = Math.max(this.#maxOpened, this.#abstainUpTo, this.#log.next - 1);
    this.#send(from, { type: "rejoinTell", nonce, maxOpened });
    // The rejoining node takes part again only when the slots up to there are decided.
    this.#fillUpTo = Math.max(this.#fillUpTo, maxOpened + this.#options.window + 1);
  }

  #receiveRejoin(from: string, nonce: string, maxOpened: number): void {
    if (this.#rejoin?.nonce !== nonce) return;
    const { members } = this.#configurations.at(this.#log.next);
    const highest = this.#rejoin.answer(from, maxOpened, members, this.#options.self);
    if (highest === undefined) return;
    this.#abstainUpTo = highest + this.#options.window;
    this.#rejoin = undefined;
  }

  #restored(firstSlot: number, configurations: EngineStart["configurations"]): void {
    if (firstSlot <= this.#log.next) return;
    for (const each of configurations) {
      if (each.from > this.#configurations.latest.from) this.#configurations.add(each);
    }
    this.#log.restart(firstSlot);
    this.#slots.removeBefore(firstSlot);
    this.#configurations.forgetBefore(firstSlot);
  }

  #tick(): void {
    const { self, resendMs, resendMaxMs } = this.#options;
    for (const { mine } of this.#slots.due(this.#nowMs, resendMs, resendMaxMs)) {
      for (const message of mine) this.#send("all", message, true);
    }
    for (const id of this.#barriers.due(this.#nowMs)) this.#send("all", { type: "barrierAsk", id });
    if (this.#rejoin?.isDue(this.#nowMs, resendMs)) {
      this.#send("all", { type: "rejoinAsk", nonce: this.#rejoin.nonce });
    }
    this.#catchUp(self);
  }

  /** Asks the most advanced peer for decided slots when nothing has moved for a while. */
  #catchUp(self: string): void {
    if (this.#stuckAt !== this.#log.next) {
      this.#stuckAt = this.#log.next;
      this.#stuckSinceMs = this.#nowMs;
      return;
    }
    if (this.#nowMs - this.#stuckSinceMs < this.#options.resendMs / 2) return;
    let best: string | undefined;
    let highest = this.#log.next - 1;
    for (const [peer, decidedUpTo] of this.#peerDecided) {
      if (peer === self || decidedUpTo <= highest) continue;
      best = peer;
      highest = decidedUpTo;
    }
    if (best === undefined) return;
    this.#stuckSinceMs = this.#nowMs;
    this.#send(best, { type: "fetch", from: this.#log.next });
  }

  /** Does everything that is possible now. */
  #progress(): void {
    for (let moved = true; moved;) {
      moved = this.#advanceSlots();
      moved = this.#applyReady() || moved;
      moved = this.#openSlots() || moved;
    }
    const { done, again } = this.#barriers.take(
      this.#log.next,
      this.#configurations.at(this.#log.next),
    );
    for (const id of done) this.#outputs.push({ type: "barrierDone", id });
    for (const id of again) this.#beginBarrier(id);
  }

  #advanceSlots(): boolean {
    let moved = false;
    for (const entry of this.#slots.undecided()) {
      const patient = this.#nowMs - entry.openedAtMs < this.#options.graceMs;
      for (;;) {
        const message = entry.mvc.next(patient);
        if (message === undefined) break;
        this.#emit(message);
        moved = true;
      }
      const { decision } = entry.mvc;
      if (decision === undefined || this.#log.isDecided(entry.mvc.slot)) continue;
      this.#decided(entry.mvc.slot, decision);
      moved = true;
    }
    return moved;
  }

  #decided(slot: number, digest: Digest): void {
    if (!this.#log.decide(slot, digest)) return;
    const entry = this.#slots.find(slot);
    if (entry?.proposed !== undefined) this.#batches.mark(entry.proposed, -1);
    this.#slots.decided(slot);
    this.#outputs.push({ type: "note", record: { type: "decided", slot, digest } });
  }

  #applyReady(): boolean {
    let moved = false;
    for (;;) {
      const digest = this.#log.digestAt(this.#log.next);
      if (digest === undefined) return moved;
      const payload = this.#payloadOf(digest);
      if (payload === undefined) {
        this.#want(digest, "all");
        return moved;
      }
      this.#applyNext(payload);
      moved = true;
    }
  }

  #payloadOf(digest: Digest): Uint8Array | undefined {
    if (digest === noBatch) return noPayload;
    return this.#batches.payload(digest) ?? this.#log.payloadOf(digest);
  }

  #applyNext(payload: Uint8Array): void {
    const entry = this.#log.apply(payload);
    this.#batches.remove(entry.digest);
    this.#ownership.applied(entry.slot, entry.digest);
    this.#slots.applied(entry.slot, this.#options.window);
    this.#outputs.push({ type: "apply", entry });
  }

  #want(digest: Digest, from: string | "all"): void {
    if ((this.#wanted.get(digest) ?? 0) > this.#nowMs) return;
    this.#wanted.set(digest, this.#nowMs + this.#options.resendMs);
    this.#send(from, { type: "get", digest });
  }

  #canVote(slot: number): boolean {
    return this.#rejoin === undefined && slot > this.#abstainUpTo &&
      this.#configurations.at(slot).members.includes(this.#options.self);
  }

  /** Opens slots of the window for which there is a reason. */
  #openSlots(): boolean {
    const low = this.#log.next;
    const { window, depth } = this.#options;
    const highest = Math.max(this.#slots.highestTouched, this.#log.highest);
    let moved = false;
    for (let slot = low; slot < low + window; slot++) {
      const entry = this.#slots.find(slot);
      if (entry?.mvc.isOpen || this.#log.isDecided(slot) || !this.#canVote(slot)) continue;
      const isFull = this.#slots.initiated >= depth;
      const digest = this.#proposalFor(slot, highest, isFull);
      if (digest === undefined) continue;
      this.#open(slot, digest);
      moved = true;
    }
    return moved;
  }

  /** What to propose in a slot now; undefined: leave it closed. */
  #proposalFor(slot: number, highest: number, isFull: boolean): Digest | undefined {
    const { takeoverMs } = this.#options;
    const entry = this.#slots.find(slot);
    const first = entry?.mvc.firstProposal;
    if (entry !== undefined && first !== undefined) {
      // Agreeing with whoever came first is what makes proposals equal.
      if (this.#payloadOf(first.digest) !== undefined) return first.digest;
      this.#want(first.digest, first.from);
      return this.#nowMs - entry.touchedAtMs > 4 * takeoverMs ? noBatch : undefined;
    }
    const candidate = this.#batches.oldestFree();
    const isGap = highest > slot || slot <= this.#fillUpTo;
    const { members } = this.#configurations.at(slot);
    const owner = this.#ownership.ownerOf(slot, members, this.#suspected);
    if (owner === this.#options.self) {
      if (candidate !== undefined && !isFull) return candidate.digest;
      return isGap ? candidate?.digest ?? noBatch : undefined;
    }
    const isOverdue = candidate !== undefined && this.#nowMs - candidate.sinceMs > takeoverMs;
    if (isOverdue && !isFull) return candidate.digest;
    if (!isGap) return undefined;
    const sinceMs = this.#slots.gapSince(slot, this.#nowMs);
    return this.#nowMs - sinceMs > takeoverMs ? candidate?.digest ?? noBatch : undefined;
  }

  #open(slot: number, digest: Digest): void {
    const { members } = this.#configurations.at(slot);
    const entry = this.#slots.entry(slot, members, this.#nowMs);
    const isInitiated = entry.mvc.firstProposal === undefined;
    this.#slots.opened(slot, digest, isInitiated, this.#nowMs);
    this.#batches.mark(digest, 1);
    const payload = this.#batches.payload(digest);
    if (this.#options.durable && payload !== undefined && !this.#slots.isDurable(digest)) {
      this.#records.push({ type: "batch", digest, payload });
      this.#slots.setDurable(digest);
    }
    this.#emit(entry.mvc.open(digest));
  }

  /** Sends a message of a slot and counts it here too, both only once it is durable. */
  #emit(message: SlotMessage): void {
    this.#slots.sent(message, this.#nowMs);
    this.#maxOpened = Math.max(this.#maxOpened, message.slot);
    if (this.#options.durable) {
      this.#records.push({ type: "sent", message });
      this.#holding.push(message);
    } else this.#release(message);
  }

  #release(message: SlotMessage): void {
    this.#send("all", message);
    this.#slots.find(message.slot)?.mvc.receive(this.#options.self, message);
  }

  #flushRecords(): void {
    if (this.#records.length === 0) return;
    const sequence = ++this.#sequence;
    this.#outputs.push({ type: "persist", sequence, records: this.#records });
    this.#held.push({ sequence, messages: this.#holding });
    this.#records = [];
    this.#holding = [];
  }

  #persisted(sequence: number): void {
    for (;;) {
      const first = this.#held[0];
      if (first === undefined || first.sequence > sequence) return;
      this.#held.shift();
      for (const message of first.messages) this.#release(message);
    }
  }

  #recover(records: readonly ConsensusRecord[]): void {
    for (const record of records) {
      if (record.type === "batch") {
        this.#batches.add(record.digest, record.payload, 0, false);
        this.#slots.setDurable(record.digest);
      } else if (record.type === "decided") {
        if (record.slot >= this.#log.next) this.#log.decide(record.slot, record.digest);
      } else this.#recoverSent(record.message);
    }
    this.#slots.resume();
  }

  #recoverSent(message: SlotMessage): void {
    const { slot } = message;
    this.#maxOpened = Math.max(this.#maxOpened, slot);
    if (slot < this.#log.next) return;
    const { members } = this.#configurations.at(slot);
    const entry = this.#slots.entry(slot, members, 0);
    if (message.type === "proposal") this.#slots.opened(slot, message.digest, true, 0);
    entry.mvc.receive(this.#options.self, message);
    this.#slots.sent(message, 0);
  }

  #send(to: string | "all", message: Message, resent = false): void {
    this.#outputs.push({ type: "send", to, message, resent });
  }
}
