/**
 * The command `aether aspect list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** What is switched on at the moment. */
export const command = defineCommand({
  path: ["aspect", "list"],
  summary: "List the methods whose calls are logged or counted by outcome",
  examples: [{ line: "aether aspect list", summary: "Everything that is switched on" }],
  async run({ context }) {
    const body = await (await context.client()).call("aspectList");
    await context.show(body, () =>
      context.table(
        ["SLICE", "METHOD", "MODE"],
        body.aspects.map(({ contract, method, mode }) => [contract, method, mode]),
      ));
  },
});
