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
  SLICE_NOT_APPLIED: row(
    "E4104",
    404,
    "No blueprint wants this slice",
    "See `aether slices` for those that are wanted",
  ),
  NO_LEADER: row(
    "E4105",
    503,
    "No leader is known at the moment",
    "Retry in a second; without a majority of the voters there is none",
  ),
  DRAIN_CANCELLED: row(
    "E4106",
    409,
    "The drain was cancelled",
    "Somebody has activated or shut down the node: see `aether nodes`",
  ),
  REVISION_NOT_FOUND: row(
    "E4107",
    404,
    "The blueprint has no such revision",
    "See `aether blueprint history` for those that are kept",
  ),
  ROLLOUT_NOT_FOUND: row(
    "E4108",
    404,
    "The rollout does not exist",
    "See `aether deploy list` for those that are kept",
  ),
  ROLLOUT_STATE: row(
    "E4109",
    409,
    "The rollout is not in a state for this",
    "See `aether deploy status` for where it is and why",
  ),
  ROLLOUT_ACTIVE: row(
    "E4110",
    409,
    "A rollout of the slice or its blueprint is under way",
    "Complete it or roll it back first: see `aether deploy list`",
  ),
  ROLLOUT_REFUSED: row(
    "E4111",
    400,
    "The version cannot be rolled out like this",
    "Read what is in the way; a blueprint that changes more than one slice is applied",
  ),
  SCALE_REFUSED: row(
    "E4112",
    409,
    "The slice cannot have so few instances",
    "Keep at least minAvailable, or lower it in the blueprint",
  ),
} as const satisfies Record<string, ErrorInfo>;
