/**
 * The command `aether schedule pause`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { scheduleName } from "../../schedule_name.ts";

/** Fire a schedule no more until it is resumed; what runs goes on. */
export const command = defineCommand({
  path: ["schedule", "pause"],
  summary: "Fire a schedule no more until it is resumed; what runs goes on",
  arguments: { schedule: { summary: "The schedule, group:name/schedule" } },
  examples: [{ line: "aether schedule pause org.example:keeper/cleanup", summary: "One schedule" }],
  async run({ args, context }) {
    const call = { params: scheduleName(args.schedule), body: {} };
    const body = await (await context.client()).call("schedulePause", call);
    await context.show(body, () => `${body.contract}/${body.name} is paused\n`);
  },
});
