/**
 * The command `aether blueprint validate`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { blueprintFile, countOf, readBlueprint } from "../../blueprint_file.ts";
import { defineCommand } from "../../command.ts";

/** Checks a text against the cluster without applying it. */
export const command = defineCommand({
  path: ["blueprint", "validate"],
  summary: "Check a blueprint and report every problem, without applying it",
  arguments: { file: blueprintFile },
  examples: [{ line: "aether blueprint validate shop.toml", summary: "Text and dependencies" }],
  async run({ args, context }) {
    const body = await readBlueprint(context, args.file);
    const answer = await (await context.client()).call("blueprintValidate", { body });
    await context.show(answer, () => `${answer.id} is valid: ${countOf(answer.slices, "slice")}\n`);
  },
});
