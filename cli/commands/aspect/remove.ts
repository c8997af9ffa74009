/**
 * The command `aether aspect remove`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Switches off what was set for a method. */
export const command = defineCommand({
  path: ["aspect", "remove"],
  summary: "End the logging or counting that was set for a method",
  arguments: { slice: { summary: "The slice, group:name" } },
  options: { method: { value: "NAME", summary: "What was set for this method alone" } },
  examples: [{ line: "aether aspect remove org.example:echo", summary: "For the whole slice" }],
  async run({ args, options, context }) {
    const params = { contract: args.slice, method: options.method ?? "*" };
    const body = await (await context.client()).call("aspectRemove", { params });
    await context.show(body, () => `Nothing is on for ${body.contract} ${body.method}\n`);
  },
});
