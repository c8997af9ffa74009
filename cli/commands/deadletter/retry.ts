/**
 * The command `aether deadletter retry`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Another attempt at one dead letter. */
export const command = defineCommand({
  path: ["deadletter", "retry"],
  summary: "Let the slice try a dead letter once more; one that it handles is gone",
  arguments: { id: { summary: "Its id, from `aether deadletter list`" } },
  examples: [{ line: "aether deadletter retry 0123456789abcdef", summary: "One letter" }],
  async run({ args, context }) {
    await (await context.client()).call("deadLetterRetry", { params: { id: args.id } });
    await context.show({ id: args.id, handled: true }, () => `${args.id} is handled\n`);
  },
});
