/**
 * The command `aether aspect set`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Switches logging or metrics on for a method. */
export const command = defineCommand({
  path: ["aspect", "set"],
  summary: "Log the calls of a method, count them by outcome, or both, at once on all nodes",
  arguments: {
    slice: { summary: "The slice, group:name" },
    mode: { summary: "What is switched on", choices: ["LOG", "METRICS", "LOG_AND_METRICS"] },
  },
  options: { method: { value: "NAME", summary: "Only this method; all of the slice without it" } },
  examples: [
    { line: "aether aspect set org.example:echo LOG", summary: "A line for every call" },
    {
      line: "aether aspect set org.example:echo METRICS --method get",
      summary: "Outcomes of one method, in `aether calls --outcomes`",
    },
  ],
  async run({ args, options, context }) {
    const { slice, mode } = args;
    const body = await (await context.client()).call("aspectSet", {
      body: { contract: slice, method: options.method ?? "*", mode },
    });
    await context.show(body, () => `${body.mode} is on for ${body.contract} ${body.method}\n`);
  },
});
