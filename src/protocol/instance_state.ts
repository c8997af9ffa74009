/**
 * States of an instance of a slice, as stored, decided on and shown (#2).
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
