/**
 * The command `aether deploy promote`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { rolloutCommand } from "../../rollout_command.ts";

/** Go on to the next step of a rollout. */
export const command = rolloutCommand({
  action: "promote",
  summary: "Go on to the next step of a rollout",
  description: "Sooner than it would by itself, or where it waits for people.",
  example: "Give the new version its next share",
});
