/**
 * Errors of the storage thread: rows of the error catalogue.
 *
 * @module
 */
import { row } from "./row.ts";

/** See `error_catalog.ts`. */
export const storageErrors = {
  ARTIFACT_IN_USE: row(
    "E4040",
    409,
    "The artifact is in use",
    "Apply a blueprint without it first",
  ),
  RANGE_INVALID: row(
    "E4041",
    416,
    "The file has no such part",
    "Ask for bytes within the size that Content-Range names",
  ),
  THREAD_LOST: row(
    "E5080",
    503,
    "A thread of the node was restarted during the request",
    "Try again. A request that changes something may have done so already",
  ),
} as const;
