/**
 * The command `aether schedule resume`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { scheduleName } from "../../schedule_name.ts";

/** Fire a paused schedule again; its due times begin anew. */
export const command = defineCommand({
  path: ["schedule", "resume"],
  summary: "Fire a paused schedule again; its due times begin anew",
  arguments: { schedule: { summary: "The schedule, group:name/schedule" } },
  examples: [{
    line: "aether schedule resume org.example:keeper/cleanup",
    summary: "One schedule",
  }],
  async run({ args, context }) {
    const call = { params: scheduleName(args.schedule), body: {} };
    const body = await (await context.client()).call("scheduleResume", call);
    await context.show(body, () => `${body.contract}/${body.name} goes on\n`);
  },
});
