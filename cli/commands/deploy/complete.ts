/**
 * The command `aether deploy complete`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { rolloutCommand } from "../../rollout_command.ts";

/** End the old version of a rollout. */
export const command = rolloutCommand({
  action: "complete",
  summary: "End the old version of a rollout",
  description: "After the last step: without waiting for the clean-up policy.",
  example: "End an A/B test with the new version",
});
