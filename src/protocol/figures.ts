/**
 * Figures of calls: how many, how many failed, and how long they took.
 *
 * Every gateway counts the calls that it sends to each version of each slice; counts only grow, so
 * that whoever compares two readings knows what happened in between. They go to the leader, never
 * through the log.
 *
 * @module
 */
import { z } from "zod";
import type { VersionFigures } from "./rollout.ts";

/** Upper bounds of latencies in milliseconds, a fifth apart: exact enough for any threshold. */
export const latencyBoundsMs: readonly number[] = Array.from(
  { length: 64 },
  (_, index) => Math.round(1.2 ** index * 10) / 10,
);

/** What a gateway has counted of one version since it started. */
export const callCountsSchema = z.object({
  artifact: z.string(),
  requests: z.int(),
  errors: z.int(),
  /** Calls by {@link latencyBoundsMs}; one more for those above. */
  latencies: z.array(z.int()).length(latencyBoundsMs.length + 1),
  /** CPU time of its instances on the node, in milliseconds, as far as it is known. */
  cpuMs: z.number().default(0),
});
/** See {@link callCountsSchema}. */
export type CallCounts = z.output<typeof callCountsSchema>;

/** Nothing counted yet. */
export function noCounts(artifact: string): CallCounts {
  const latencies = Array.from({ length: latencyBoundsMs.length + 1 }, () => 0);
  return { artifact, requests: 0, errors: 0, latencies, cpuMs: 0 };
}

/** Index into `latencies` of a call that took so long. */
export function latencyIndex(durationMs: number): number {
  let low = 0;
  let high = latencyBoundsMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((latencyBoundsMs[middle] ?? 0) < durationMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Counts together; of a gateway that has started anew a difference may be less than nothing. */
export function combineCounts(left: CallCounts, right: CallCounts, sign: 1 | -1 = 1): CallCounts {
  return {
    artifact: left.artifact,
    requests: left.requests + sign * right.requests,
    errors: left.errors + sign * right.errors,
    latencies: left.latencies.map((count, index) => count + sign * (right.latencies[index] ?? 0)),
    cpuMs: left.cpuMs + sign * right.cpuMs,
  };
}

/** Time that all calls took together, in milliseconds, as exactly as the bounds are. */
export function busyMsOf({ latencies }: CallCounts): number {
  const last = latencyBoundsMs.at(-1) ?? 0;
  return latencies.reduce(
    (sum, count, index) => sum + Math.max(0, count) * (latencyBoundsMs[index] ?? last),
    0,
  );
}

/** The figures that counts mean. */
export function figuresOf({ requests, errors, latencies }: CallCounts): VersionFigures {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  let left = Math.ceil(total * 0.99);
  const index = latencies.findIndex((count) => (left -= count) <= 0);
  const p99Ms = total === 0 ? 0 : latencyBoundsMs[index] ?? Number.MAX_SAFE_INTEGER;
  return { requests, errors, p99Ms };
}
