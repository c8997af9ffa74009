/**
 * Errors of the deployment: states of instances and nodes, rollouts, scaling. Part of the error
 * catalogue, 41xx.
 *
 * @module
 */
import { type ErrorInfo, row } from "./row.ts";

/** By the name that code uses. */
export const deploymentErrors = {
  TRANSITION_ILLEGAL: row(
    "E4101",
    409,
    "An instance or a node cannot go from its state to the wanted one",
    "See `aether nodes` for the states; a drain starts on duty, and ends or is cancelled",
  ),
  INSTANCE_LATE: row(
    "E4102",
    500,
    "An instance stayed in a state for longer than it may",
    "Look at the node's log; the limits are those of [deployment] in its configuration",
  ),
  NODE_NOT_FOUND: row(
    "E4103",
    404,
    "The node is no member of the cluster",
    "See `aether nodes` for the members",
  ),
} as const satisfies Record<string, ErrorInfo>;
