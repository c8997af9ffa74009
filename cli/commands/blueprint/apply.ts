/**
 * The command `aether blueprint apply`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { blueprintFile, followApplied, followNote, readBlueprint } from "../../blueprint_file.ts";
import { defineCommand } from "../../command.ts";
import { wholeNumber } from "../../values.ts";

/** Applies a blueprint and follows it until it is deployed. */
export const command = defineCommand({
  path: ["blueprint", "apply"],
  summary: "Apply a blueprint and follow it until it is deployed",
  description: `Changes exactly what differs from what is applied. ${followNote}`,
  arguments: { file: blueprintFile },
  options: {
    ifRevision: {
      value: "N",
      summary: "Only when nothing changed since the plan with this revision",
      parse: wholeNumber(),
    },
    detach: { summary: "Return as soon as it is applied" },
  },
  examples: [
    { line: "aether blueprint apply shop.toml", summary: "Apply and follow" },
    {
      line: "aether blueprint apply shop.toml --if-revision 42",
      summary: "What was planned, only",
    },
    { line: "aether blueprint apply - --detach < shop.toml", summary: "From standard input" },
  ],
  exitCodes: { 1: "It was refused or did not deploy", 5: "It changed since the plan" },
  async run({ args, options, context }) {
    const client = await context.client("following");
    const applied = await client.call("blueprintApply", {
      query: { ifRevision: options.ifRevision },
      body: await readBlueprint(context, args.file),
    });
    await followApplied(context, client, applied, options.detach);
  },
});
