/**
 * States of an instance: which change to which, and when a failed one is tried again.
 *
 * The owning node reports states, the store's apply step checks them here, the reconciler and the
 * status of blueprints read them.
 *
 * @module
 */
import type { InstanceState } from "../protocol/instance_state.ts";

const successors: Readonly<Record<InstanceState, readonly InstanceState[]>> = {
  DOWNLOADING: ["LOADING", "FAILED", "UNLOADING"],
  LOADING: ["STARTING", "FAILED", "UNLOADING"],
  STARTING: ["ACTIVE", "FAILED", "UNLOADING"],
  ACTIVE: ["UNLOADING", "FAILED"],
  UNLOADING: ["UNLOADED"],
  UNLOADED: [],
  FAILED: ["UNLOADING", "UNLOADED"],
};

/** What is known of one life of an instance. */
export interface Observation {
  readonly state: InstanceState;
  /** Number of this life, from 1; every new start of the same instance gets the next one. */
  readonly attempt: number;
}

/** What the store does with a reported observation. */
export type Verdict = "apply" | "same" | "late" | "illegal";

/** Whether an instance may go from one state to another within one attempt. */
export function isTransition(from: InstanceState, to: InstanceState): boolean {
  return successors[from].includes(to);
}

/**
 * Judges a reported observation against the stored one. A higher attempt replaces whatever is
 * there, since the node may have died without a word; a lower one is a late write and is ignored.
 *
 * @example
 * ```ts
 * import { judge } from "./states.ts";
 * const stored = { state: "DOWNLOADING", attempt: 2 } as const;
 * console.assert(judge(stored, { state: "ACTIVE", attempt: 1 }) === "late");
 * ```
 */
export function judge(stored: Observation | undefined, reported: Observation): Verdict {
  const isFirst = reported.state === "DOWNLOADING";
  if (stored === undefined) return isFirst ? "apply" : "illegal";
  if (reported.attempt < stored.attempt) return "late";
  if (reported.attempt > stored.attempt) return isFirst ? "apply" : "illegal";
  if (reported.state === stored.state) return "same";
  return isTransition(stored.state, reported.state) ? "apply" : "illegal";
}

/** How failed instances are tried again. */
export interface RetryLimits {
  /** Starts in a row that may fail before the instance stays FAILED. @default {5} */
  readonly attemptsMax: number;
  /** Longest time between a failure and the next start, in milliseconds. @default {30000} */
  readonly backoffMaxMs: number;
}

/** The defaults of {@link RetryLimits}. */
export const defaultRetryLimits: RetryLimits = { attemptsMax: 5, backoffMaxMs: 30_000 };

/** What decides about a retry. */
export interface Failure {
  readonly attempt: number;
  /** Failures in a row since the instance was last ACTIVE. @default {attempt} */
  readonly failures?: number;
  /** When it failed, in milliseconds of the caller's clock. @default {0} */
  readonly failedAtMs?: number;
  /** Whether the same start can only fail again, e.g. because the code does not load. */
  readonly fatal?: boolean;
}

/**
 * When a failed instance is started again, in milliseconds of the caller's clock: 1 s after the
 * first failure, then twice as long each time up to the limit. Undefined: never.
 */
export function retryAtMs(failure: Failure, limits: RetryLimits): number | undefined {
  const failures = Math.max(1, failure.failures ?? failure.attempt);
  if (failure.fatal === true || failures >= limits.attemptsMax) return undefined;
  const backoffMs = Math.min(2 ** (failures - 1) * 1000, limits.backoffMaxMs);
  return (failure.failedAtMs ?? 0) + backoffMs;
}
