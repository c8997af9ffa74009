/**
 * The command `aether deploy pause`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { rolloutCommand } from "../../rollout_command.ts";

/** Stop a rollout from going on by itself. */
export const command = rolloutCommand({
  action: "pause",
  summary: "Stop a rollout from going on by itself",
  description: "What fails is still rolled back.",
  example: "Keep the present share",
});
