/**
 * When a failed instance is tried again, and when one that does not get on is stuck.
 *
 * Times are those of the caller's monotonic clock, counted from when the caller first saw the
 * instance in its state: wall clocks of nodes differ and jump. A new leader counts from its first
 * look, so that it waits longer, never shorter. Which state may follow which: see
 * `protocol/instance_state.ts`.
 *
 * @module
 */
import type { InstanceState } from "../protocol/instance_state.ts";

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
  /** Since when it is known to have failed, in milliseconds of the caller's clock. @default {0} */
  readonly sinceMs?: number;
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
  return (failure.sinceMs ?? 0) + backoffMs;
}

/** How long an instance may be in each state that it should leave by itself, in milliseconds. */
export interface StateDeadlines {
  readonly loadingMs: number;
  readonly startingMs: number;
  readonly unloadingMs: number;
}

/** The defaults of {@link StateDeadlines}. */
export const defaultDeadlines: StateDeadlines = {
  loadingMs: 120_000,
  startingMs: 60_000,
  unloadingMs: 120_000,
};

/** The owning node acts at the deadline; the leader when it has passed so many times over. */
const stuckFactor = 3;

/** The deadline of a state; undefined for a state in which an instance may stay. */
export function deadlineOf(state: InstanceState, deadlines: StateDeadlines): number | undefined {
  switch (state) {
    case "DOWNLOADING":
    case "LOADING":
      return deadlines.loadingMs;
    case "STARTING":
      return deadlines.startingMs;
    case "UNLOADING":
      return deadlines.unloadingMs;
    case "ACTIVE":
    case "UNLOADED":
    case "FAILED":
      return undefined;
  }
}

/** When an instance counts as stuck, on the clock of `sinceMs`; undefined when it cannot be. */
export function stuckAtMs(
  instance: { readonly state: InstanceState; readonly sinceMs?: number },
  deadlines: StateDeadlines,
): number | undefined {
  const deadline = deadlineOf(instance.state, deadlines);
  if (deadline === undefined) return undefined;
  return (instance.sinceMs ?? 0) + stuckFactor * deadline;
}
