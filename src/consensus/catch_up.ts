/**
 * Noticing that others are ahead, and whom to ask for what they decided.
 *
 * @module
 */

const peersMax = 64;

/** What one node knows about how far the others are. */
export class CatchUp {
  readonly #patienceMs: number;
  readonly #decidedUpTo = new Map<string, number>();
  #stuckAt = -1;
  #stuckSinceMs = 0;
  #asked = 0;

  /** @param patienceMs how long nothing may move before somebody is asked */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Takes what a peer said about itself. */
  observe(peer: string, decidedUpTo: number): void {
    const known = this.#decidedUpTo.get(peer);
    if (known === undefined && this.#decidedUpTo.size >= peersMax) this.#forgetOldest();
    // A peer in a new life may be further back than before.
    if (known !== decidedUpTo) this.#decidedUpTo.set(peer, decidedUpTo);
  }

  /** Whether a peer has decided the slot and those before it. */
  hasDecided(peer: string, slot: number): boolean {
    return (this.#decidedUpTo.get(peer) ?? -1) >= slot;
  }

  /** Whether any peer has decided the next slot to apply. */
  isBehind(next: number): boolean {
    for (const decidedUpTo of this.#decidedUpTo.values()) if (decidedUpTo >= next) return true;
    return false;
  }

  /** A peer to ask for decided slots from `next` on, in turn; undefined when there is no need. */
  due(next: number, nowMs: number): string | undefined {
    if (this.#stuckAt !== next) {
      this.#stuckAt = next;
      this.#stuckSinceMs = nowMs;
      return undefined;
    }
    if (nowMs - this.#stuckSinceMs < this.#patienceMs) return undefined;
    const ahead = [...this.#decidedUpTo.keys()].filter((peer) => this.hasDecided(peer, next));
    if (ahead.length === 0) return undefined;
    this.#stuckSinceMs = nowMs;
    return ahead[this.#asked++ % ahead.length];
  }

  #forgetOldest(): void {
    for (const peer of this.#decidedUpTo.keys()) {
      this.#decidedUpTo.delete(peer);
      return;
    }
  }
}
