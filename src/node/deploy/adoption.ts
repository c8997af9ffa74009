/**
 * What becomes of instances that run when control starts: kept as they are, or unloaded.
 *
 * A control thread that takes the place of a dead one finds its instances running. It keeps those
 * that are still assigned in the life in which they run, and reports what the dead one could not.
 * Pure; the agent asks it.
 *
 * @module
 */
import {
  type InstanceState,
  isTransition,
  type Observation,
} from "../../protocol/instance_state.ts";

/** An instance that is kept. */
export interface Adoption {
  readonly attempt: number;
  /** What has to be reported of it, in order; empty when all is reported. */
  readonly reports: readonly InstanceState[];
}

const starting: readonly InstanceState[] = ["DOWNLOADING", "LOADING", "STARTING", "ACTIVE"];

/**
 * Whether a running instance is kept; undefined when it has to be unloaded.
 *
 * @param assigned attempt in which the instance is assigned to this node now
 * @param stored what the store says of it
 * @param isReady whether it serves already
 *
 * @example
 * ```ts
 * import { adoptionOf } from "./adoption.ts";
 * const kept = adoptionOf(1, { state: "STARTING", attempt: 1 }, true);
 * console.assert(kept?.reports.join() === "ACTIVE");
 * ```
 */
export function adoptionOf(
  assigned: number | undefined,
  stored: Observation | undefined,
  isReady: boolean,
): Adoption | undefined {
  if (assigned === undefined) return undefined;
  const end = isReady ? starting.length : starting.length - 1;
  if (stored === undefined) return { attempt: assigned, reports: starting.slice(0, end) };
  // In a later life it would have been started anew; of an earlier one the store knows its end.
  if (stored.attempt !== assigned) return undefined;
  const reached = starting.indexOf(stored.state);
  if (reached < 0 || reached >= end) return undefined;
  const reports = starting.slice(reached + 1, end);
  const [first] = reports;
  return first === undefined || isTransition(stored.state, first)
    ? { attempt: assigned, reports }
    : undefined;
}
