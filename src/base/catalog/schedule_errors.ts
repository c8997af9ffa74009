/**
 * Errors of schedules: rows of the error catalogue.
 *
 * @module
 */
import { type ErrorInfo, row } from "./row.ts";

/** See `error_catalog.ts`. */
export const scheduleErrors = {
  SCHEDULE_NOT_FOUND: row(
    "E5090",
    404,
    "There is no such schedule",
    "`aether schedule list` shows those of the slices that are active",
  ),
  SCHEDULE_RUNNING: row(
    "E5091",
    409,
    "The schedule runs already, and its fires may not overlap",
    "Trigger it again when it has ended: see `aether schedule show`",
  ),
} as const satisfies Record<string, ErrorInfo>;
