/**
 * What a partition may forget: what every subscription has handled and is old, or too much.
 *
 * @module
 */
import type { PartitionLog } from "./log.ts";

/** What decides. */
export interface Retention {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  /** Everything before it is handled by all subscriptions. */
  readonly handled: number;
  readonly nowMs: number;
}

/** Offset from which on messages are kept. */
export function keptFrom(
  log: PartitionLog,
  { maxAgeMs, maxBytes, handled, nowMs }: Retention,
): number {
  const { first, end, bytes } = log;
  const young = offsetAt(log, nowMs - maxAgeMs);
  const perEntry = bytes / Math.max(1, end - first);
  const fitting = bytes <= maxBytes ? first : first + Math.ceil((bytes - maxBytes) / perEntry);
  return Math.min(handled, Math.max(young, fitting));
}

/** Offset of the first message that was published at a time or later. */
export function offsetAt(log: PartitionLog, timeMs: number): number {
  let [low, high] = [log.first, log.end];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (timeFrom(log, middle) < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Time of the first message from an offset on; marks have none. */
function timeFrom(log: PartitionLog, offset: number): number {
  for (let at = offset; at < log.end; at++) {
    const [entry] = log.read(at, 1);
    if (entry?.value !== undefined) return entry.timeMs;
  }
  return Infinity;
}
