/**
 * {@link Silence}: how long the other end of a link between gateways has said nothing.
 *
 * A peer that vanishes without a word, because its network or its power went, closes nothing: only
 * its silence tells. What this thread slept through is not the peer's silence.
 *
 * @module
 */

/** Most of the time between two sweeps that counts; they come every 100 ms or so. */
const sweepGapMaxMs = 400;

/** The silence of one peer. */
export class Silence {
  #silentMs = 0;
  #sweptAt: number | undefined;
  #isHeard = true;

  /** The peer has said something. */
  hear(): void {
    this.#isHeard = true;
  }

  /** Milliseconds of silence until a sweep at `now`, as far as this thread was awake. */
  at(now: number): number {
    const gapMs = Math.min(sweepGapMaxMs, now - (this.#sweptAt ?? now));
    this.#sweptAt = now;
    this.#silentMs = this.#isHeard ? 0 : this.#silentMs + gapMs;
    this.#isHeard = false;
    return this.#silentMs;
  }
}
