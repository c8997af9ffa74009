/**
 * Batches that are named but not known here: when and whom to ask for them.
 *
 * @module
 */
import type { Digest } from "../../protocol/consensus/message.ts";

interface Want {
  askAtMs: number;
  asks: number;
}

/** The batches that one node lacks. */
export class Wanted {
  readonly #graceMs: number;
  readonly #resendMs: number;
  readonly #keepMs: number;
  readonly #wants = new Map<Digest, Want>();

  constructor(options: {
    readonly graceMs: number;
    readonly resendMs: number;
    readonly resendMaxMs: number;
  }) {
    this.#graceMs = options.graceMs;
    this.#resendMs = options.resendMs;
    this.#keepMs = 10 * options.resendMaxMs;
  }

  /** Batches wanted. */
  get size(): number {
    return this.#wants.size;
  }

  /**
   * Whom to ask for a batch now: first who proposed it, then everybody. Undefined while an answer,
   * or the batch itself, may still be under way.
   */
  want(digest: Digest, proposer: string | undefined, nowMs: number): string | undefined {
    const want = this.#wants.get(digest);
    if (want === undefined) {
      this.#wants.set(digest, { askAtMs: nowMs + this.#graceMs, asks: 0 });
      return undefined;
    }
    if (want.askAtMs > nowMs) return undefined;
    want.askAtMs = nowMs + this.#resendMs;
    return want.asks++ === 0 && proposer !== undefined ? proposer : "all";
  }

  /** A batch has arrived; answers whether it was wanted. */
  received(digest: Digest): boolean {
    return this.#wants.delete(digest);
  }

  /** Forgets what nobody has wanted for a while. */
  forgetOld(nowMs: number): void {
    for (const [digest, { askAtMs }] of this.#wants) {
      if (askAtMs + this.#keepMs < nowMs) this.#wants.delete(digest);
    }
  }
}
