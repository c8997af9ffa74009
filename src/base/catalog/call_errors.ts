/**
 * The part of the error catalogue about calls between slices; see `error_catalog.ts`.
 *
 * @module
 */
import { type ErrorInfo, row } from "./row.ts";

/** Errors of calls. */
export const callErrors = {
  CALL_OUTCOME_UNKNOWN: row(
    "E5030",
    504,
    "Whether the call was executed is unknown",
    "Look before you repeat it; declare the method idempotent if repeating does no harm",
  ),
  CALL_TOO_LARGE: row(
    "E5031",
    413,
    "The input or output of a call is too large",
    "Send less at a time, or let the operator raise calls.maxBytes",
  ),
  RATE_LIMITED: row(
    "E5032",
    429,
    "The method is called more often than its rate limit allows",
    "Retry after the Retry-After time",
  ),
  CIRCUIT_OPEN: row(
    "E5033",
    503,
    "The method failed too often and is given a rest",
    "Retry after the Retry-After time, and look at the slice's log",
  ),
  ASPECT_NOT_FOUND: row(
    "E5034",
    404,
    "Nothing is switched on for the method",
    "`aether aspect list` shows what is",
  ),
  CALL_TOO_DEEP: row(
    "E5035",
    508,
    "A call is inside too many others",
    "Look for slices that call each other in a circle, and let one of them answer by itself; " +
      "calls.maxDepth is the limit",
  ),
} as const satisfies Record<string, ErrorInfo>;
