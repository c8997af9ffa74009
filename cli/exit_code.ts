/**
 * The one place that maps errors to exit codes of the process.
 *
 * @module
 */
import type { AetherError } from "../src/base/errors.ts";

/** Exit codes that every command shares, with their meaning for help and the reference. */
export const exitCodes: Readonly<Record<number, string>> = {
  0: "Done",
  1: "An error without a code of its own",
  2: "The command line is not valid",
  3: "Something named does not exist",
  4: "No valid API key, or one whose role does not allow it",
  5: "A conflict: the state is not the expected one",
  6: "Not done in time, or the outcome is unknown",
  8: "The node cannot be reached",
};

/** The exit code of `blueprint plan --detailed-exitcode` when something would change. */
export const exitCodeOfChanges = 9;

/** The exit code for an error. */
export function exitCodeOf(error: AetherError): number {
  if (error.name === "USAGE") return 2;
  if (error.name === "UNREACHABLE") return 8;
  switch (error.status) {
    case 404:
      return 3;
    case 401:
    case 403:
      return 4;
    case 409:
    case 412:
      return 5;
    case 504:
      return 6;
    default:
      return 1;
  }
}
