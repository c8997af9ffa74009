/**
 * The command `aether schedule trigger`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { scheduleName } from "../../schedule_name.ts";

/** Fires a schedule now. */
export const command = defineCommand({
  path: ["schedule", "trigger"],
  summary: "Fire a schedule once now, paused or not; its due times stay as they are",
  arguments: { schedule: { summary: "The schedule, group:name/schedule" } },
  examples: [
    { line: "aether schedule trigger org.example:keeper/cleanup", summary: "Do not wait for it" },
  ],
  async run({ args, context }) {
    const call = { params: scheduleName(args.schedule), body: {} };
    const body = await (await context.client()).call("scheduleTrigger", call);
    await context.show(body, () => {
      const { contract, name, fire } = body;
      return fire === null
        ? `Every instance runs ${contract}/${name} now\n`
        : `${contract}/${name} is fired as ${fire}\n`;
    });
  },
});
