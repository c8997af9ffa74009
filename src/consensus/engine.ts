/**
 * The consensus engine: a replicated log of batches, decided slot by slot.
 *
 * Pure: `step(input, nowMs)` answers what the host must do; there is no IO, clock or randomness in
 * it. Slots are decided in any order within a window and applied in order. Safety needs no timing;
 * times only decide when to retransmit, to take over, and to ask for what is missing.
 *
 * @module
 */
import { unreachable } from "../base/assert.ts";
import {
  type Digest,
  type Header,
  type LogEntry,
  type Message,
  type SlotMessage,
} from "../protocol/consensus/message.ts";
import { Barriers } from "./barriers.ts";
import { CatchUp } from "./catch_up.ts";
import { Outbox } from "./outbox.ts";
import { Pipeline } from "./pipeline.ts";
import { type Configuration, Configurations } from "./quorum.ts";
import { Rejoin } from "./rejoin.ts";
import type { EngineOptions, EngineStart, Input, Output } from "./types.ts";

/** One node's engine. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #configurations: Configurations;
  readonly #pipeline: Pipeline;
  readonly #barriers: Barriers;
  readonly #rejoin: Rejoin;
  readonly #catchUp: CatchUp;
  readonly #outbox: Outbox;
  #nowMs = -Infinity;

  constructor(options: EngineOptions, start: EngineStart) {
    const { self, window, resendMs, barriersMax } = options;
    this.#options = options;
    this.#configurations = new Configurations(start.configurations);
    this.#barriers = new Barriers({ barriersMax, resendMs });
    this.#rejoin = new Rejoin(self, window, start.rejoinNonce);
    this.#catchUp = new CatchUp(resendMs / 2);
    this.#outbox = new Outbox(options.durable);
    this.#pipeline = new Pipeline({
      options,
      outbox: this.#outbox,
      firstSlot: start.firstSlot,
      membersAt: (slot) => this.#configurations.at(slot).members,
      mayVote: (slot) => this.#mayVote(slot),
    });
    this.#pipeline.recover(start.records);
    this.#fill();
  }

  /** The next slot to apply. */
  get nextSlot(): number {
    return this.#pipeline.log.next;
  }

  /** First slot that is kept for nodes that catch up. */
  get logStart(): number {
    return this.#pipeline.log.start;
  }

  /** Whether the node takes part in new slots, or only learns. */
  get isVoting(): boolean {
    return this.#mayVote(Math.max(this.nextSlot, this.#pipeline.maxOpened + 1));
  }

  /** Whether something waits for time to pass. */
  get isBusy(): boolean {
    return this.#pipeline.isBusy || this.#barriers.size > 0 ||
      this.nextSlot <= this.#rejoin.abstainUpTo || this.#catchUp.isBehind(this.nextSlot);
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
    const { batches, slots } = this.#pipeline;
    return { batches: batches.size, slots: slots.size, wanted: batches.wanted };
  }

  /** The header that goes with every message of this node. */
  header(resent: boolean): Header {
    return { decidedUpTo: this.nextSlot - 1, resent };
  }

  /** Takes one input; answers what to do, in order. */
  step(input: Input, nowMs: number): Output[] {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    if (input.type === "configure") {
      this.#configurations.add(input.configuration);
      this.#fill();
      return [];
    }
    this.#pipeline.see(this.#nowMs);
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
        for (const message of this.#outbox.persisted(input.sequence)) {
          this.#pipeline.confirm(message);
        }
        return;
      case "suspect":
        return this.#pipeline.opening.suspect(input.nodes);
      case "compact":
        this.#pipeline.log.compact(input.before);
        return this.#configurations.forgetBefore(this.logStart);
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
    if (this.#pipeline.batches.submit({ digest, payload }, this.#nowMs)) {
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
      case "suggestion":
        return this.#pipeline.hear(from, message.slot, message.value);
      case "batch":
        return this.#pipeline.batches.receive(message, header.resent, this.#nowMs);
      case "get":
        return this.#answerGet(from, message.digest);
      case "decision":
        return this.#pipeline.learn(message.slot, message.value);
      case "fetch":
        return this.#answerFetch(from, message.from);
      case "entries":
        return this.#receiveEntries(from, message.entries);
      case "compacted":
        if (message.logStart > this.nextSlot) this.#outbox.push({ type: "needSnapshot", from });
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
    const receipt = this.#pipeline.receive(from, message);
    const { slot, type } = message;
    if (receipt === "compacted") {
      if (header.resent) this.#outbox.send(from, { type: "compacted", logStart: this.logStart });
    } else if (receipt === "conflict") {
      const detail = `${from} may not send this ${type} for slot ${slot}, or sent another`;
      this.#outbox.push({ type: "alarm", detail });
    } else if (typeof receipt === "object") {
      // Who has not been sent what this decision rests on needs the decision itself.
      if (header.resent || this.#pipeline.slots.isBeyondSent(message)) {
        this.#outbox.send(from, { type: "decision", slot, value: receipt.decided });
      }
    }
  }

  #answerGet(from: string, digest: Digest): void {
    const payload = this.#pipeline.batches.payloadOf(digest);
    if (payload !== undefined) this.#outbox.send(from, { type: "batch", digest, payload });
  }

  #answerFetch(from: string, slot: number): void {
    const { fetchEntriesMax, fetchBytesMax } = this.#options;
    const entries = this.#pipeline.log.read(slot, fetchEntriesMax, fetchBytesMax);
    if (entries === undefined) {
      this.#outbox.send(from, { type: "compacted", logStart: this.logStart });
    } else if (entries.length > 0) this.#outbox.send(from, { type: "entries", entries });
  }

  #receiveEntries(from: string, entries: readonly LogEntry[]): void {
    const isNew = this.#pipeline.take(entries);
    const isBehind = this.#catchUp.hasDecided(from, this.nextSlot + this.#options.window);
    if (isNew && isBehind) this.#outbox.send(from, { type: "fetch", from: this.nextSlot });
  }

  #answerBarrier(from: string, id: number): void {
    // Who abstains cannot say what it opened in its former life.
    if (this.nextSlot <= this.#rejoin.abstainUpTo) return;
    this.#outbox.send(from, { type: "barrierTell", id, maxOpened: this.#highestOpened() });
  }

  /** No slot above this one was opened here, in any life. */
  #highestOpened(): number {
    return Math.max(this.#pipeline.maxOpened, this.#rejoin.abstainUpTo, this.nextSlot - 1);
  }

  #answerRejoin(from: string, nonce: string, fillUpTo: number): void {
    // Somebody who remembers nothing either must not be counted as a witness.
    if (this.#rejoin.isAsking) return;
    this.#outbox.send(from, { type: "rejoinTell", nonce, maxOpened: this.#highestOpened() });
    const farthest = this.#pipeline.horizon + 2 * this.#options.window;
    this.#pipeline.opening.fillUpTo(Math.min(fillUpTo, farthest));
  }

  #restored(firstSlot: number, configurations: EngineStart["configurations"]): void {
    if (firstSlot <= this.nextSlot) return;
    for (const each of configurations) {
      if (each.from > this.#configurations.latest.from) this.#configurations.add(each);
    }
    this.#pipeline.restart(firstSlot);
    this.#configurations.forgetBefore(firstSlot);
    this.#fill();
  }

  #tick(): void {
    const { resendMs } = this.#options;
    if (!this.isVoting) {
      for (const batch of this.#pipeline.batches.relays(this.#nowMs)) {
        this.#outbox.send("all", { type: "batch", ...batch }, true);
      }
    }
    this.#pipeline.resend();
    const { nonce, isAsking, abstainUpTo } = this.#rejoin;
    if (nonce !== undefined && this.#rejoin.isDue(this.nextSlot, this.#nowMs, resendMs)) {
      this.#outbox.send("all", {
        type: "rejoinAsk",
        nonce,
        fillUpTo: isAsking ? -1 : abstainUpTo,
      });
    }
    const peer = this.#catchUp.due(this.nextSlot, this.#nowMs);
    if (peer !== undefined) this.#outbox.send(peer, { type: "fetch", from: this.nextSlot });
    this.#pipeline.batches.forgetOld(this.#nowMs);
  }

  /** Does everything that is possible now. */
  #progress(): void {
    this.#pipeline.run();
    const { next } = this.#pipeline.log;
    if (next >= this.#pipeline.horizon) return;
    this.#rejoin.conclude(next, this.#configurations);
    this.#progressBarriers(this.#configurations.at(next));
  }

  #progressBarriers(configuration: Configuration): void {
    const { self } = this.#options;
    const id = this.#barriers.start(configuration, this.#nowMs) ??
      this.#barriers.due(configuration, this.#nowMs);
    if (id !== undefined) {
      if (this.nextSlot > this.#rejoin.abstainUpTo) {
        this.#barriers.answer(id, self, this.#highestOpened());
      }
      if (configuration.members.some((member) => member !== self)) {
        this.#outbox.send("all", { type: "barrierAsk", id });
      }
    }
    for (const done of this.#barriers.take(this.nextSlot, configuration)) {
      this.#outbox.push({ type: "barrierDone", id: done });
    }
  }

  /** The newest configuration comes into force without waiting for batches. */
  #fill(): void {
    this.#pipeline.opening.fillUpTo(this.#configurations.latest.from - 1);
  }

  #mayVote(number: number): boolean {
    return number > this.#rejoin.abstainUpTo &&
      this.#configurations.at(number).members.includes(this.#options.self);
  }
}
