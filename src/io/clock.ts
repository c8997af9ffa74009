/**
 * The machine's clock and timers behind {@link Clock}.
 *
 * The twin for tests is `ManualClock` in `src/base/clock.ts`. Made once per thread by the
 * composition in `src/node` and handed down.
 *
 * @module
 */
import { assertDelay, type Clock, type Timer } from "../base/clock.ts";

/** What `setTimeout` can wait for: it fires at once when asked for more. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

class SystemClock implements Clock {
  wallMs(): number {
    return Date.now();
  }

  monotonicMs(): number {
    return performance.now();
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    assertDelay(delayMs);
    const dueMs = performance.now() + delayMs;
    let handle: ReturnType<typeof setTimeout>;
    const arm = () => {
      const leftMs = dueMs - performance.now();
      const isLastLeg = leftMs <= TIMEOUT_MS_MAX;
      handle = setTimeout(
        isLastLeg ? callback : arm,
        Math.max(0, Math.min(leftMs, TIMEOUT_MS_MAX)),
      );
    };
    arm();
    return { cancel: () => clearTimeout(handle) };
  }
}

/** The clock of this machine; delays of any length work. */
export function systemClock(): Clock {
  return new SystemClock();
}
