/**
 * The command `aether deploy resume`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { rolloutCommand } from "../../rollout_command.ts";

/** Let a paused rollout go on. */
export const command = rolloutCommand({
  action: "resume",
  summary: "Let a paused rollout go on",
  example: "Go on from where it is",
});
