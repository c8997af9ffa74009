/**
 * Time as an argument: what the pure layers know of clocks, and the twin that tests advance.
 *
 * Nothing here reads the machine's time; `src/io/clock.ts` does. Every part that measures, waits or
 * expires takes a {@link Clock}, so the simulator can run days in a second.
 *
 * @module
 */
import { assert } from "./assert.ts";

/** A callback that is due later, see {@link Clock.setTimer}. */
export interface Timer {
  /** Forgets the callback; does nothing when it has run already. */
  cancel(): void;
}

/** A source of time and timers. */
export interface Clock {
  /** Milliseconds since 1970 as the machine believes; may jump. For display, cron and logs only. */
  wallMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. For every duration and deadline. */
  monotonicMs(): number;
  /** Calls back once, `delayMs` from now or a little later; a delay of 0 is a later turn. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

/**
 * Waits `delayMs`, or until the signal is aborted: who stops waits for nothing and leaves no timer.
 *
 * @example
 * ```ts
 * import { ManualClock, pause } from "./clock.ts";
 * const stopping = new AbortController();
 * const waited = pause(new ManualClock(), 1_000, stopping.signal);
 * stopping.abort();
 * await waited;
 * ```
 */
export function pause(clock: Clock, delayMs: number, stopping?: AbortSignal): Promise<void> {
  if (stopping?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      stopping?.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.setTimer(delayMs, end);
    stopping?.addEventListener("abort", end);
  });
}

/**
 * Runs something again and again, each time `periodMs` after the last one has ended, until it is
 * cancelled. What it runs must not fail.
 */
export function repeat(clock: Clock, periodMs: number, run: () => Promise<void>): Timer {
  let isCancelled = false;
  const next = () =>
    clock.setTimer(periodMs, async () => {
      await run();
      if (!isCancelled) timer = next();
    });
  let timer = next();
  return {
    cancel: () => {
      isCancelled = true;
      timer.cancel();
    },
  };
}

/** Timers that one {@link ManualClock.advance} may run, so that a self-renewing one is found. */
const TIMERS_PER_ADVANCE_MAX = 1_000_000;

interface PendingTimer {
  readonly dueMs: number;
  readonly sequence: number;
  callback: (() => void) | undefined;
}

/**
 * A clock that stands still until it is advanced.
 *
 * @example
 * ```ts
 * import { ManualClock } from "./clock.ts";
 * const clock = new ManualClock();
 * let fired = false;
 * clock.setTimer(50, () => fired = true);
 * clock.advance(50);
 * console.assert(fired && clock.monotonicMs() === 50);
 * ```
 */
export class ManualClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  #sequence = 0;
  /** Ordered by due time, then by age; binary insertion keeps it so. */
  readonly #timers: PendingTimer[] = [];

  /** Starts at monotonic 0 and the given wall time, by default 2026-01-01. */
  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = wallMs;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    assertDelay(delayMs);
    const timer: PendingTimer = {
      dueMs: this.#nowMs + delayMs,
      sequence: this.#sequence++,
      callback,
    };
    this.#timers.splice(this.#position(timer), 0, timer);
    return { cancel: () => this.#cancel(timer) };
  }

  /** Timers that have neither run nor been cancelled. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** When the next timer is due, in monotonic milliseconds; undefined without any. */
  get nextTimerMs(): number | undefined {
    return this.#timers[0]?.dueMs;
  }

  /**
   * Moves time on and runs every timer that becomes due, in order, each at its own time, those that
   * callbacks set included.
   */
  advance(durationMs: number): void {
    assertDelay(durationMs);
    const untilMs = this.#nowMs + durationMs;
    for (let runs = 0;; runs++) {
      const timer = this.#timers[0];
      if (timer === undefined || timer.dueMs > untilMs) break;
      assert(runs < TIMERS_PER_ADVANCE_MAX, `More than ${TIMERS_PER_ADVANCE_MAX} timers ran`);
      this.#timers.shift();
      this.#nowMs = timer.dueMs;
      const callback = timer.callback;
      timer.callback = undefined;
      callback?.();
    }
    this.#nowMs = untilMs;
  }

  /** Moves the wall clock by so much, forwards or backwards, as an operator or NTP does. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  #cancel(timer: PendingTimer): void {
    if (timer.callback === undefined) return;
    timer.callback = undefined;
    this.#timers.splice(this.#position(timer), 1);
  }

  /** Where the timer is, or belongs. */
  #position(timer: PendingTimer): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      // In bounds: middle < high <= length.
      const other = this.#timers[middle] as PendingTimer;
      const isBefore = other.dueMs < timer.dueMs ||
        (other.dueMs === timer.dueMs && other.sequence < timer.sequence);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Throws unless the value is a usable delay: a number, 0 or more, not infinite. */
export function assertDelay(delayMs: number): void {
  assert(Number.isFinite(delayMs) && delayMs >= 0, `Delay ${delayMs} ms is not 0 or more`);
}
