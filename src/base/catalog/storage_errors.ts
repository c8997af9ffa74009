/**
 * Errors of the storage thread: rows of the error catalogue.
 *
 * @module
 */
import { row } from "./row.ts";

/** See `error_catalog.ts`. */
export const storageErrors = {
  THREAD_LOST: row(
    "E5080",
    503,
    "A thread of the node was restarted during the request",
    "Try again. A request that changes something may have done so already",
  ),
} as const;
