/**
 * States of an instance of a slice, as stored, decided on and shown (#2), and which may follow
 * which.
 *
 * The owning node reports states; the store checks each report with {@link judge} when it applies
 * it, so that no late or impossible write is ever seen by anybody.
 *
 * @module
 */

/** All states, in the order of an instance's life. */
export const instanceStates = [
  "DOWNLOADING",
  "LOADING",
  "STARTING",
  "ACTIVE",
  "UNLOADING",
  "UNLOADED",
  "FAILED",
] as const;
/** One of {@link instanceStates}. */
export type InstanceState = typeof instanceStates[number];

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

/** What the store does with a reported observation; "same" and "late" ones change nothing. */
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
 * import { judge } from "./instance_state.ts";
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

/** Whether an instance is expected to answer soon. */
export const healths = [
  "HEALTHY",
  /** The slice's own readiness check says no. */
  "NOT_READY",
  /** It has not answered its watchdog in time; when that lasts, it is hung and is ended. */
  "SILENT",
] as const;
/** One of {@link healths}. */
export type Health = typeof healths[number];
