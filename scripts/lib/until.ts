/**
 * {@link until}: how tests and benchmarks wait for what happens in other threads and processes.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 10;

/**
 * Polls until the check gives something that is neither undefined nor false.
 *
 * @throws {Error} when it takes too long; only a failed test waits for that.
 */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > endMs) throw new Error(`It did not happen in ${timeoutMs} ms: ${what}`);
    await sleep(pollMs);
  }
}
