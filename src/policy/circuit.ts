/**
 * A circuit: stops sending to something that keeps failing, and tries it again now and then.
 *
 * Closed until so many failures in a row, then open for a while that doubles with every failed
 * trial; after it a single trial may pass. Pure: time and randomness are arguments. The gateway has
 * one for every instance it calls.
 *
 * @module
 */

/** When a circuit opens, and for how long; times in milliseconds. */
export interface CircuitLimits {
  /** Failures in a row that open it. @default 5 */
  readonly failures: number;
  /** How long it stays open the first time. @default 1000 */
  readonly openMs: number;
  /** How long it stays open at most. @default 30000 */
  readonly openMaxMs: number;
}

/** The limits unless told otherwise. */
const defaultCircuitLimits: CircuitLimits = Object.freeze({
  failures: 5,
  openMs: 1_000,
  openMaxMs: 30_000,
});

/** How a circuit is. */
export type CircuitState = "closed" | "open" | "trial";

/** One circuit. */
export class Circuit {
  readonly #limits: CircuitLimits;
  #failures = 0;
  #openings = 0;
  #openUntilMs = 0;
  #isTrying = false;

  constructor(limits: CircuitLimits = defaultCircuitLimits) {
    this.#limits = limits;
  }

  /** Whether nothing has failed lately, so that nothing needs to be noted when a call succeeds. */
  get isPristine(): boolean {
    return this.#failures === 0;
  }

  /** Whether a call may pass; "trial" when it is the one that decides. */
  stateAt(nowMs: number): CircuitState {
    if (this.#failures < this.#limits.failures) return "closed";
    return nowMs >= this.#openUntilMs && !this.#isTrying ? "trial" : "open";
  }

  /** A call passes: while it is under way, it is the only trial. */
  started(nowMs: number): void {
    if (this.stateAt(nowMs) === "trial") this.#isTrying = true;
  }

  /** A call succeeded. */
  succeeded(): void {
    this.#failures = 0;
    this.#openings = 0;
    this.#isTrying = false;
  }

  /** A call ended and says nothing about the other side. */
  ended(): void {
    this.#isTrying = false;
  }

  /**
   * A call failed.
   *
   * @param jitter 0 to 1: circuits that opened together are not to be tried together.
   */
  failed(nowMs: number, jitter: number): void {
    this.#isTrying = false;
    if (++this.#failures < this.#limits.failures) return;
    const { openMs, openMaxMs } = this.#limits;
    const lastsMs = Math.min(openMaxMs, openMs * 2 ** this.#openings);
    // One failure after the trial opens it again, calls that were under way do not.
    if (nowMs < this.#openUntilMs) return;
    this.#openings++;
    this.#openUntilMs = nowMs + lastsMs * (0.75 + 0.5 * jitter);
  }
}
