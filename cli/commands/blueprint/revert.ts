/**
 * The command `aether blueprint revert`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { blueprintId, followApplied, followNote } from "../../blueprint_file.ts";
import { defineCommand } from "../../command.ts";
import { wholeNumber } from "../../values.ts";

/** Applies an earlier revision again. */
export const command = defineCommand({
  path: ["blueprint", "revert"],
  summary: "Apply an earlier revision of a blueprint again and follow it",
  description: followNote,
  arguments: { id: blueprintId },
  options: {
    to: {
      value: "N",
      summary: "Number of the revision; else the last deployed one that differs",
      parse: wholeNumber(Number.MAX_SAFE_INTEGER, 1),
    },
    detach: { summary: "Return as soon as it is applied" },
  },
  examples: [
    {
      line: "aether blueprint revert org.example:shop:1.1.0",
      summary: "Back to the last good one",
    },
    { line: "aether blueprint revert org.example:shop:1.1.0 --to 3", summary: "To revision 3" },
  ],
  exitCodes: { 1: "It was refused or did not deploy" },
  async run({ args, options, context }) {
    const client = await context.client("following");
    const applied = await client.call("blueprintRevert", {
      params: { id: args.id },
      body: { to: options.to },
    });
    await followApplied(context, client, applied, options.detach);
  },
});
