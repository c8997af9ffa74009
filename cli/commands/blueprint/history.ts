/**
 * The command `aether blueprint history`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { blueprintId } from "../../blueprint_file.ts";
import { defineCommand } from "../../command.ts";
import { toneOfState } from "../../output/style.ts";

/** What was applied and what became of it. */
export const command = defineCommand({
  path: ["blueprint", "history"],
  summary: "List the revisions of a blueprint and what became of each",
  arguments: { id: blueprintId },
  examples: [
    { line: "aether blueprint history org.example:shop:1.0.0", summary: "Newest first" },
  ],
  async run({ args, context }) {
    const client = await context.client();
    const body = await client.call("blueprintHistory", { params: { id: args.id } });
    await context.show(body, () =>
      context.table(
        ["REVISION", "ID", "STATE", "APPLIED", "REASON"],
        body.revisions.map(({ number, id, state, appliedAtMs, returnsTo, failures }) => [
          number,
          id,
          { text: state, tone: toneOfState(state) },
          new Date(appliedAtMs).toISOString(),
          failures[0]?.reason ?? (returnsTo === undefined ? "" : `returned to ${returnsTo}`),
        ]),
      ));
  },
});
