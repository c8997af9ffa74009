/**
 * The command `aether blueprint delete`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { blueprintId } from "../../blueprint_file.ts";
import { defineCommand } from "../../command.ts";

/** Removes a blueprint. */
export const command = defineCommand({
  path: ["blueprint", "delete"],
  summary: "Remove a blueprint and stop what only it wanted",
  arguments: { id: blueprintId },
  examples: [{ line: "aether blueprint delete org.example:shop:1.0.0", summary: "Remove it" }],
  async run({ args, context }) {
    const params = { id: args.id };
    const body = await (await context.client()).call("blueprintDelete", { params });
    await context.show(body, () => `${body.id} is deleted, revision ${body.revision}\n`);
  },
});
