/**
 * The command `aether deploy rollback`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { rolloutCommand } from "../../rollout_command.ts";

/** Give all calls back to the old version. */
export const command = rolloutCommand({
  action: "rollback",
  summary: "Give all calls back to the old version",
  example: "End a rollout that is not wanted",
});
