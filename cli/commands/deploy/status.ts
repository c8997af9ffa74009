/**
 * The command `aether deploy status`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { rolloutFields, rolloutId } from "../../rollout_command.ts";

/** Where a rollout is and why. */
export const command = defineCommand({
  path: ["deploy", "status"],
  summary: "Show where a rollout is and why",
  arguments: { id: rolloutId },
  examples: [{ line: "aether deploy status org.example:echo", summary: "The last one of a slice" }],
  async run({ args, context }) {
    const body = await (await context.client()).call("deployStatus", { params: { id: args.id } });
    await context.show(body, () => rolloutFields(body, context));
  },
});
