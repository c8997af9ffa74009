/**
 * Rows of the error catalogue about who is in the cluster; see `error_catalog.ts`.
 *
 * @module
 */
import { type ErrorInfo, row } from "./row.ts";

/** Errors of the cluster's members. */
export const clusterErrors = {
  MEMBERS_CHANGING: row(
    "E5060",
    409,
    "Another change of the members is under way",
    "Look at `aether cluster status`, and try again in a moment",
  ),
  CHANGE_UNSAFE: row(
    "E5061",
    409,
    "The change would make the cluster weaker or stop it",
    "Do what the message says first; --force does it all the same",
  ),
  NODE_REMOVED: row(
    "E5062",
    403,
    "The node was removed from the cluster",
    "It may come back when an operator has added it again: aether cluster add NODE HOST:PORT",
  ),
  RECOVERY_REFUSED: row(
    "E5063",
    409,
    "The data directory cannot be recovered",
    "Name the directory of a stopped node that has been in a cluster",
  ),
} as const satisfies Record<string, ErrorInfo>;
