/**
 * Whether the new version of a rollout is good enough.
 *
 * @module
 */
import type { HealthVerdict, RolloutThresholds, VersionFigures } from "../../protocol/rollout.ts";

/** Figures of both versions since the current step began. */
export interface RolloutFigures {
  readonly old: VersionFigures;
  readonly new: VersionFigures;
}

/** What was concluded, and from what. */
export interface Health {
  readonly verdict: HealthVerdict;
  readonly reason: string;
}

/** Judges the new version by itself, then beside the old one. */
export function judgeHealth(figures: RolloutFigures, thresholds: RolloutThresholds): Health {
  const { new: fresh, old } = figures;
  const { minRequests, maxErrorRate, maxLatencyMs, maxRelativePercent } = thresholds;
  if (fresh.requests < Math.max(1, minRequests)) {
    const reason = `${fresh.requests} of ${Math.max(1, minRequests)} calls that a verdict needs`;
    return { verdict: "INSUFFICIENT_DATA", reason };
  }
  const errorRate = rateOf(fresh);
  if (errorRate > maxErrorRate) {
    const reason = `${percent(errorRate)} of ${fresh.requests} calls failed, the limit is ` +
      percent(maxErrorRate);
    return { verdict: "ABSOLUTE_BREACH", reason };
  }
  if (fresh.p99Ms > maxLatencyMs) {
    const reason = `99 % of calls took up to ${fresh.p99Ms} ms, the limit is ${maxLatencyMs} ms`;
    return { verdict: "ABSOLUTE_BREACH", reason };
  }
  if (maxRelativePercent !== undefined && old.requests >= Math.max(1, minRequests)) {
    const factor = 1 + maxRelativePercent / 100;
    if (errorRate > rateOf(old) * factor) {
      const reason = `${percent(errorRate)} of calls failed, ${percent(rateOf(old))} of the old ` +
        "version's";
      return { verdict: "RELATIVE_BREACH", reason };
    }
    if (fresh.p99Ms > old.p99Ms * factor) {
      const reason = `99 % of calls took up to ${fresh.p99Ms} ms, ${old.p99Ms} ms of the old ` +
        "version's";
      return { verdict: "RELATIVE_BREACH", reason };
    }
  }
  return { verdict: "HEALTHY", reason: `${percent(errorRate)} of ${fresh.requests} calls failed` };
}

function rateOf({ requests, errors }: VersionFigures): number {
  return requests === 0 ? 0 : errors / requests;
}

function percent(rate: number): string {
  return `${Number((rate * 100).toFixed(2))} %`;
}
