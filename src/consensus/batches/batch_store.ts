/**
 * The batches that one node knows: those that wait, those that slots hold, and those it lacks.
 *
 * @module
 */
import {
  type Batch,
  type Digest,
  digestsOf,
  type LogEntry,
  type Value,
} from "../../protocol/consensus/message.ts";
import { Holds } from "./holds.ts";
import { type BatchLimits, type SlotLimits, WaitingBatches } from "./waiting_batches.ts";
import { Wanted } from "./wanted.ts";

/** A question for a batch. */
export interface Question {
  readonly digest: Digest;
  readonly to: string | "all";
}

/** What a store needs. */
export interface BatchStoreOptions {
  readonly batchLimits: BatchLimits;
  readonly slotLimits: SlotLimits;
  readonly graceMs: number;
  readonly resendMs: number;
  readonly resendMaxMs: number;
  /** Bytes of an applied batch that the log keeps. */
  readonly appliedPayload: (digest: Digest) => Uint8Array | undefined;
}

/** How long a node that takes no part keeps the batches of others. */
const followedMs = 10_000;

/** The batches of one node. */
export class BatchStore {
  readonly #options: BatchStoreOptions;
  readonly #waiting: WaitingBatches;
  readonly #holds = new Holds();
  readonly #wanted: Wanted;

  constructor(options: BatchStoreOptions) {
    this.#options = options;
    this.#waiting = new WaitingBatches(options.batchLimits);
    this.#wanted = new Wanted(options);
  }

  /** Batches that are kept beside the log. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Batches that were asked for. */
  get wanted(): number {
    return this.#wanted.size;
  }

  /** Adds a batch of this node; false when too many wait. */
  submit({ digest, payload }: Batch, nowMs: number): boolean {
    return this.#waiting.add(digest, payload, { nowMs, isOwn: true, isNeeded: false });
  }

  /** Adds a batch of a former life that a slot may need. */
  recover({ digest, payload }: Batch): void {
    this.#waiting.add(digest, payload, { nowMs: 0, isOwn: false, isNeeded: true });
  }

  /** Takes a batch of another node; one that is not needed at once may be left. */
  receive({ digest, payload }: Batch, isResent: boolean, nowMs: number): void {
    const isNeeded = this.#wanted.received(digest);
    // Who relays an applied one again knows it from a snapshot only, and waits to see it applied.
    if (!isResent && this.#options.appliedPayload(digest) !== undefined) return;
    this.#waiting.add(digest, payload, { nowMs, isOwn: false, isNeeded });
  }

  /** The bytes of a batch, if they are here. */
  payloadOf(digest: Digest): Uint8Array | undefined {
    return this.#waiting.payload(digest) ?? this.#options.appliedPayload(digest);
  }

  /** The batches of a value; undefined when one of them is missing. */
  batchesOf(value: Value): Batch[] | undefined {
    const batches: Batch[] = [];
    for (const digest of digestsOf(value)) {
      const payload = this.payloadOf(digest);
      if (payload === undefined) return undefined;
      batches.push({ digest, payload });
    }
    return batches;
  }

  /** What to ask for now to get the batches of a value. */
  ask(value: Value, proposer: string | undefined, nowMs: number): Question[] {
    return digestsOf(value).flatMap((digest) => {
      if (this.payloadOf(digest) !== undefined) return [];
      const to = this.#wanted.want(digest, proposer, nowMs);
      return to === undefined ? [] : [{ digest, to }];
    });
  }

  /** The oldest batches that no slot holds, as many as one slot takes. */
  free(): Digest[] {
    return this.#waiting.free(this.#holds.has, this.#options.slotLimits);
  }

  /** Since when the oldest own batch that no slot holds has been waiting. */
  oldestOwnFree(): number | undefined {
    return this.#waiting.oldestOwnFree(this.#holds.has);
  }

  /** A slot holds these batches now, instead of those it held. */
  hold(slot: number, digests: readonly Digest[]): void {
    for (const digest of digests) this.#keepApplied(digest);
    this.#release(this.#holds.set(slot, digests));
  }

  /**
   * A snapshot covers the slots before this one. Which batches of others it has applied is not
   * known here, so those that no slot holds are forgotten: whoever still proposes one has it.
   */
  restart(slot: number): void {
    this.#release(this.#holds.releaseBefore(slot));
    this.#waiting.forgetOthers(Infinity, this.#holds.has);
  }

  /** An entry was applied. */
  applied({ slot, batches }: LogEntry): void {
    for (const { digest } of batches) {
      // It may have come with the entry: an answer that is still under way is not needed any more.
      this.#wanted.received(digest);
      this.#waiting.applied(digest);
    }
    this.hold(slot, []);
  }

  /** Own batches to be relayed again by a node that can open no slots for them. */
  relays(nowMs: number): Batch[] {
    const { resendMs, resendMaxMs } = this.#options;
    this.#waiting.forgetOthers(nowMs - followedMs, this.#holds.has);
    return [...this.#waiting.due(nowMs, resendMs, resendMaxMs)];
  }

  /** Forgets questions that are of no interest any more. */
  forgetOld(nowMs: number): void {
    this.#wanted.forgetOld(nowMs);
  }

  /** The log may be compacted before a second slot that names the batch is applied. */
  #keepApplied(digest: Digest): void {
    const payload = this.#options.appliedPayload(digest);
    if (payload === undefined || this.#waiting.payload(digest) !== undefined) return;
    this.#waiting.add(digest, payload, { nowMs: 0, isOwn: false, isNeeded: true });
    this.#waiting.applied(digest);
  }

  #release(digests: readonly Digest[]): void {
    for (const digest of digests) this.#waiting.released(digest);
  }
}
