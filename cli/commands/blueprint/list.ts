/**
 * The command `aether blueprint list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { toneOfState } from "../../output/style.ts";

/** What is applied. */
export const command = defineCommand({
  path: ["blueprint", "list"],
  summary: "List the applied blueprints",
  examples: [{ line: "aether blueprint list", summary: "All of them with their state" }],
  async run({ context }) {
    const body = await (await context.client()).call("blueprintList");
    await context.show(body, () =>
      context.table(
        ["ID", "STATUS", "SLICES", "REVISION"],
        body.blueprints.map(({ id, status, slices, revision }) => [
          id,
          { text: status, tone: toneOfState(status) },
          slices,
          revision,
        ]),
      ));
  },
});
