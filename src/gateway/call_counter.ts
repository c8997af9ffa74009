/**
 * {@link CallCounter}: counts the calls of each version, for rollouts, scaling and metrics.
 *
 * Counts only grow while the gateway runs. What a caller gave up, and what found no instance or no
 * room, says nothing about a version and is not counted.
 *
 * @module
 */
import { type CallCounts, latencyIndex, noCounts } from "../protocol/figures.ts";
import type { Answer } from "./call.ts";

const artifactsMax = 1_000;

/** Counts by version. */
export class CallCounter {
  readonly #counts = new Map<string, CallCounts>();
  #isChanged = false;

  /** A call has ended. */
  add(artifact: string, durationMs: number, answer: Answer): void {
    const isFailed = isFailure(answer);
    if (isFailed === undefined) return;
    const before = this.#counts.get(artifact) ?? this.#begin(artifact);
    const index = latencyIndex(durationMs);
    before.latencies[index] = (before.latencies[index] ?? 0) + 1;
    this.#isChanged = true;
    this.#counts.set(artifact, {
      ...before,
      requests: before.requests + 1,
      errors: before.errors + (isFailed ? 1 : 0),
    });
  }

  /** All counts, if there is anything new since the last time. */
  news(): CallCounts[] | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    return [...this.#counts.values()];
  }

  #begin(artifact: string): CallCounts {
    const [oldest] = this.#counts.keys();
    if (this.#counts.size >= artifactsMax && oldest !== undefined) this.#counts.delete(oldest);
    return noCounts(artifact);
  }
}

/** Whether a call failed by the version's fault; undefined when it says nothing. */
function isFailure(answer: Answer): boolean | undefined {
  switch (answer.kind) {
    case "problem":
      return answer.status >= 500;
    case "lost":
    case "timeout":
      return true;
    case "notHosted":
    case "full":
    case "aborted":
      return undefined;
    default:
      return false;
  }
}
