/**
 * What came of a command as the error that its caller gets.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import type { Outcome, Writer } from "../protocol/store/command.ts";

/** What an error tells besides the outcome. */
export interface OutcomeContext {
  readonly writer: Writer;
  /** Size of the store, and the limit of it. */
  readonly bytes: number;
  readonly maxBytes: number;
}

/** The error for an outcome; undefined when the command was executed. */
export function outcomeError(outcome: Outcome, context: OutcomeContext): AetherError | undefined {
  const { writer, bytes, maxBytes } = context;
  switch (outcome) {
    case "done":
    case "refused":
      return undefined;
    case "full":
      return new AetherError("STORE_FULL", `The store holds ${bytes} of ${maxBytes} bytes`);
    case "forbidden":
      return new AetherError("FORBIDDEN", `A ${writer} may not write one of the keys`);
    case "noLease":
      return new AetherError("LEASE_NOT_FOUND", "A lease that the write names does not exist");
    case "mismatch":
      return new AetherError(
        "IDEMPOTENCY_MISMATCH",
        "The idempotency key was used for another request before",
      );
    case "illegal":
      return new AetherError(
        "TRANSITION_ILLEGAL",
        "An instance or a node is in a state from which it cannot go to the written one",
      );
    case "stale":
      return new AetherError("OUTCOME_UNKNOWN", "A newer life of this node has taken over");
  }
}

/** The error of a write or a linearizable read that can't be tried now. */
export function noQuorum(): AetherError {
  return new AetherError("NOT_PROPOSED", "No majority of the cluster's voters is reachable");
}
