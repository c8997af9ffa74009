/**
 * The command `aether blueprint get`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { blueprintId } from "../../blueprint_file.ts";
import { defineCommand } from "../../command.ts";

/** The text that was applied; as JSON also what it was expanded to. */
export const command = defineCommand({
  path: ["blueprint", "get"],
  summary: "Print the text of an applied blueprint",
  description: "With -o json also its slices with resolved dependencies in load order.",
  arguments: { id: blueprintId },
  examples: [
    { line: "aether blueprint get org.example:shop:1.0.0 > shop.toml", summary: "Save the text" },
  ],
  async run({ args, context }) {
    const body = await (await context.client()).call("blueprintGet", { params: { id: args.id } });
    await context.show(body, () => body.source.replace(/\n?$/, "\n"));
  },
});
