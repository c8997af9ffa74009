/**
 * Batches that wait for a decision, in the order in which they became known.
 *
 * Memory is bounded: beyond the limits a relayed batch is not kept, and fetched by its digest if it
 * comes up; the node's own batches are refused at submission instead.
 *
 * @module
 */
import type { Digest } from "../protocol/consensus/message.ts";

/** Limits of the waiting batches. */
export interface BatchLimits {
  readonly batchesMax: number;
  readonly bytesMax: number;
}

interface Waiting {
  readonly payload: Uint8Array;
  /** When it became known here. */
  readonly sinceMs: number;
  readonly isOwn: boolean;
  /** Open slots that propose it. */
  slots: number;
}

/** The batches that are not decided yet. */
export class Batches {
  readonly #limits: BatchLimits;
  readonly #waiting = new Map<Digest, Waiting>();
  #bytes = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Batches waiting. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether one more fits. */
  fits(payload: Uint8Array): boolean {
    return this.#waiting.size < this.#limits.batchesMax &&
      this.#bytes + payload.length <= this.#limits.bytesMax;
  }

  /** Adds a batch; answers false when it is known or does not fit. */
  add(digest: Digest, payload: Uint8Array, nowMs: number, isOwn: boolean): boolean {
    if (this.#waiting.has(digest) || !this.fits(payload)) return false;
    this.#waiting.set(digest, { payload, sinceMs: nowMs, isOwn, slots: 0 });
    this.#bytes += payload.length;
    return true;
  }

  /** The bytes of a waiting batch. */
  payload(digest: Digest): Uint8Array | undefined {
    return this.#waiting.get(digest)?.payload;
  }

  /** The oldest batch that no open slot proposes. */
  oldestFree(): { readonly digest: Digest; readonly sinceMs: number } | undefined {
    for (const [digest, { slots, sinceMs }] of this.#waiting) {
      if (slots === 0) return { digest, sinceMs };
    }
    return undefined;
  }

  /** An open slot proposes the batch, or does not any more. */
  mark(digest: Digest, change: 1 | -1): void {
    const found = this.#waiting.get(digest);
    if (found !== undefined) found.slots += change;
  }

  /** The batch is decided: it waits no more. */
  remove(digest: Digest): Uint8Array | undefined {
    const found = this.#waiting.get(digest);
    if (found === undefined) return undefined;
    this.#waiting.delete(digest);
    this.#bytes -= found.payload.length;
    return found.payload;
  }

  /** The node's own batches that wait, to be relayed again. */
  *own(): Generator<{ readonly digest: Digest; readonly payload: Uint8Array }> {
    for (const [digest, { payload, isOwn }] of this.#waiting) {
      if (isOwn) yield { digest, payload };
    }
  }
}
