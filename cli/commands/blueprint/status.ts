/**
 * The command `aether blueprint status`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { blueprintId, progressLine } from "../../blueprint_file.ts";
import { defineCommand } from "../../command.ts";
import { toneOfState } from "../../output/style.ts";

/** How far each slice of a blueprint is. */
export const command = defineCommand({
  path: ["blueprint", "status"],
  summary: "Show how far a blueprint is deployed",
  arguments: { id: blueprintId },
  examples: [
    { line: "aether blueprint status org.example:shop:1.0.0", summary: "State of each slice" },
  ],
  async run({ args, context }) {
    const params = { id: args.id };
    const body = await (await context.client()).call("blueprintStatus", { params });
    await context.show(body, () =>
      context.table(
        ["ARTIFACT", "STATUS", "ACTIVE", "REASON"],
        body.slices.map(({ artifact, status, active, instances, reason }) => [
          artifact,
          { text: status, tone: toneOfState(status) },
          `${active}/${instances}`,
          reason ?? "",
        ]),
      ) + `${progressLine(body)}\n`);
  },
});
