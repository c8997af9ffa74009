/**
 * The command `aether deadletter purge`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { defineCommand } from "../../command.ts";
import { filterOf, letterFilter } from "../../dead_letter_options.ts";

/** Forgets dead letters. */
export const command = defineCommand({
  path: ["deadletter", "purge"],
  summary: "Forget dead letters for good: one, those of a slice or topic, or all",
  arguments: { id: { summary: "Only this one", optional: true } },
  options: { ...letterFilter, all: { summary: "All of them" } },
  examples: [{ line: "aether deadletter purge --topic clicks", summary: "Those of a topic" }],
  async run({ args, options, context }) {
    const filter = filterOf(options);
    const isSome = args.id !== undefined || Object.keys(filter).length > 0;
    if (isSome === options.all) {
      throw new AetherError("USAGE", "Say which dead letters are to be forgotten", {
        hint: "Give an id, --topic, --slice or --kind, or --all",
      });
    }
    const body = await (await context.client()).call("deadLetterPurge", {
      query: { ...filter, ...(args.id === undefined ? {} : { id: args.id }) },
    });
    await context.show(body, () => `${body.purged} dead letters are gone\n`);
  },
});
