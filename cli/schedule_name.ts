/**
 * How the command line names a schedule: `group:name/schedule`.
 *
 * @module
 */
import { AetherError } from "../src/base/errors.ts";

/**
 * The slice and the name of a schedule.
 *
 * @throws {AetherError} USAGE when there is no slash in it.
 */
export function scheduleName(text: string): { readonly contract: string; readonly name: string } {
  const at = text.lastIndexOf("/");
  if (at > 0) return { contract: text.slice(0, at), name: text.slice(at + 1) };
  throw new AetherError(
    "USAGE",
    `"${text}" names no schedule: write group:name/schedule, e.g. org.example:keeper/cleanup`,
  );
}
