/**
 * The command `aether deploy list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { toneOfState } from "../../output/style.ts";

/** The last rollout of each slice. */
export const command = defineCommand({
  path: ["deploy", "list"],
  summary: "List the last rollout of each slice",
  examples: [{ line: "aether deploy list", summary: "All of them with their state" }],
  async run({ context }) {
    const body = await (await context.client()).call("deployList");
    await context.show(body, () =>
      context.table(
        ["ID", "FROM", "TO", "STRATEGY", "STATE", "CALLS", "REASON"],
        body.deploys.map(({ id, from, to, strategy, state, weights, reason }) => [
          id,
          from,
          to,
          strategy,
          { text: state, tone: toneOfState(state) },
          `${weights.new}:${weights.old}`,
          reason,
        ]),
      ));
  },
});
