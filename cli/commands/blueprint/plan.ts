/**
 * The command `aether blueprint plan`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { blueprintFile, readBlueprint, renderPlan } from "../../blueprint_file.ts";
import { defineCommand } from "../../command.ts";
import { exitCodeOfChanges } from "../../exit_code.ts";

/** What applying would change. */
export const command = defineCommand({
  path: ["blueprint", "plan"],
  summary: "Show what applying a blueprint would change",
  arguments: { file: blueprintFile },
  options: { detailedExitcode: { summary: `Exit with ${exitCodeOfChanges} when it would` } },
  examples: [
    { line: "aether blueprint plan shop.toml", summary: "Before an apply" },
    {
      line: "aether blueprint plan shop.toml --detailed-exitcode",
      summary: "In a pipeline that looks for drift",
    },
  ],
  exitCodes: { [exitCodeOfChanges]: "Something would change (with --detailed-exitcode)" },
  async run({ args, options, context }) {
    const body = await readBlueprint(context, args.file);
    const plan = await (await context.client()).call("blueprintPlan", { body });
    await context.show(plan, () => renderPlan(plan, context));
    return options.detailedExitcode && plan.changeCount > 0 ? exitCodeOfChanges : 0;
  },
});
