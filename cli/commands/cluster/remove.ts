/**
 * The command `aether cluster remove`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Puts a node out. */
export const command = defineCommand({
  path: ["cluster", "remove"],
  summary: "Remove a node from the cluster, whether it works or not",
  description: "A voter first loses its vote. The node then stops with exit code 77, and may not " +
    "come back under its name before it is added anew. What it ran is started on other nodes",
  arguments: { node: { summary: "Name of the node" } },
  options: {
    force: { summary: "Also when that leaves no majority of voters that works" },
  },
  examples: [{ line: "aether cluster remove n3", summary: "A host that will not return" }],
  exitCodes: { 3: "There is no such node", 5: "It is not safe, or another change is under way" },
  async run({ args, options, context }) {
    const body = await (await context.client()).call("clusterRemove", {
      params: { node: args.node },
      query: { force: options.force ? "true" : "false" },
    });
    await context.show(
      body,
      () => `Node ${args.node} is removed; the voters are ${body.voters.join(", ")}\n`,
    );
  },
});
