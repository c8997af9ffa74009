/**
 * Batches that wait for a decision, in the order in which they became known.
 *
 * Memory is bounded: beyond the limits a relayed batch is not kept, and fetched by its digest if it
 * comes up; the node's own batches are refused at submission instead.
 *
 * @module
 */
import type { Batch, Digest } from "../../protocol/consensus/message.ts";

/** Limits of the waiting batches; own ones and those of others each have as much. */
export interface BatchLimits {
  readonly batchesMax: number;
  readonly bytesMax: number;
}

/** How much one slot takes. */
export interface SlotLimits {
  readonly batchesMax: number;
  /** A larger batch goes alone. */
  readonly bytesMax: number;
}

interface Waiting {
  readonly payload: Uint8Array;
  /** When it became known here. */
  readonly sinceMs: number;
  readonly isOwn: boolean;
  relayAtMs: number;
  isApplied: boolean;
}

/** The batches that are not applied yet. */
export class WaitingBatches {
  readonly #limits: BatchLimits;
  readonly #waiting = new Map<Digest, Waiting>();
  /** Number and bytes of the batches of others and of the own ones. */
  readonly #used = { others: { batches: 0, bytes: 0 }, own: { batches: 0, bytes: 0 } };

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Batches waiting. */
  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Adds a batch; false when it does not fit. What a slot needs to be applied is kept whatever the
   * limits say: slots are limited themselves.
   */
  add(
    digest: Digest,
    payload: Uint8Array,
    { nowMs, isOwn, isNeeded }: { nowMs: number; isOwn: boolean; isNeeded: boolean },
  ): boolean {
    if (this.#waiting.has(digest)) return true;
    const used = isOwn ? this.#used.own : this.#used.others;
    const fits = used.batches < this.#limits.batchesMax &&
      used.bytes + payload.length <= this.#limits.bytesMax;
    if (!fits && !isNeeded) return false;
    this.#waiting.set(digest, {
      payload,
      sinceMs: nowMs,
      isOwn,
      relayAtMs: nowMs,
      isApplied: false,
    });
    used.batches++;
    used.bytes += payload.length;
    return true;
  }

  /** The bytes of a waiting batch. */
  payload(digest: Digest): Uint8Array | undefined {
    return this.#waiting.get(digest)?.payload;
  }

  /** The oldest batches that no open slot proposes, as many as one slot takes. */
  free(isTaken: (digest: Digest) => boolean, limits: SlotLimits): Digest[] {
    const found: Digest[] = [];
    let bytes = 0;
    for (const [digest, { payload, isApplied }] of this.#waiting) {
      if (isApplied || isTaken(digest)) continue;
      bytes += payload.length;
      if (found.length > 0 && bytes > limits.bytesMax) break;
      found.push(digest);
      if (found.length >= limits.batchesMax) break;
    }
    return found;
  }

  /** Since when the oldest own batch that no open slot proposes has been waiting. */
  oldestOwnFree(isTaken: (digest: Digest) => boolean): number | undefined {
    if (this.#used.own.batches === 0) return undefined;
    for (const [digest, { isOwn, isApplied, sinceMs }] of this.#waiting) {
      if (isOwn && !isApplied && !isTaken(digest)) return sinceMs;
    }
    return undefined;
  }

  /**
   * Own batches to be relayed again, because nobody may have kept them: each after a time, then
   * after twice that time, and so on.
   */
  *due(nowMs: number, firstMs: number, maxMs: number): Generator<Batch> {
    for (const [digest, waiting] of this.#waiting) {
      const { isOwn, payload, sinceMs, relayAtMs } = waiting;
      if (!isOwn || nowMs < relayAtMs) continue;
      waiting.relayAtMs = nowMs + Math.min(maxMs, Math.max(firstMs, nowMs - sinceMs));
      if (relayAtMs > sinceMs) yield { digest, payload };
    }
  }

  /** Forgets batches of others that became known before a time and that no slot holds. */
  forgetOthers(beforeMs: number, isHeld: (digest: Digest) => boolean): void {
    for (const [digest, { isOwn, sinceMs }] of this.#waiting) {
      if (!isOwn && sinceMs < beforeMs && !isHeld(digest)) this.#remove(digest);
    }
  }

  /** The batch is applied: it waits no more, but is kept while a slot holds it. */
  applied(digest: Digest): void {
    const found = this.#waiting.get(digest);
    if (found !== undefined) found.isApplied = true;
  }

  /** No slot holds the batch any more. */
  released(digest: Digest): void {
    if (this.#waiting.get(digest)?.isApplied) this.#remove(digest);
  }

  #remove(digest: Digest): void {
    const found = this.#waiting.get(digest);
    if (found === undefined) return;
    this.#waiting.delete(digest);
    const used = found.isOwn ? this.#used.own : this.#used.others;
    used.batches--;
    used.bytes -= found.payload.length;
  }
}
