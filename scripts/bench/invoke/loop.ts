/**
 * A closed loop of calls: so many at a time, each followed by the next, for a while.
 *
 * Also a file of the calling slice, so it imports nothing and runs everywhere.
 *
 * @module
 */

/** What a loop measured. */
export interface LoopResult {
  readonly calls: number;
  readonly failed: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const samplesMax = 1_000_000;

/** Calls `inFlight` at a time for `durationMs`. */
export async function closedLoop(
  call: () => Promise<unknown>,
  inFlight: number,
  durationMs: number,
): Promise<LoopResult> {
  const samples = new Float64Array(samplesMax);
  let calls = 0;
  let failed = 0;
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  const one = async () => {
    for (;;) {
      const sentMs = performance.now();
      if (sentMs >= endMs) return;
      try {
        await call();
      } catch {
        failed++;
      }
      samples[calls++ % samplesMax] = performance.now() - sentMs;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  const seconds = (performance.now() - startMs) / 1_000;
  const sorted = samples.subarray(0, Math.min(calls, samplesMax)).sort();
  const at = (share: number) =>
    Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? NaN) * 1_000);
  return { calls, failed, seconds, p50Us: at(0.5), p99Us: at(0.99) };
}
