/**
 * The command `aether cluster members`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { nodeRows, nodeTitles } from "../../cluster_nodes.ts";
import { defineCommand } from "../../command.ts";

/** Who is in the cluster. */
export const command = defineCommand({
  path: ["cluster", "members"],
  summary: "List the nodes of the cluster, and those that were removed from it",
  examples: [{ line: "aether cluster members -o json", summary: "For a program" }],
  async run({ context }) {
    const body = await (await context.client()).call("clusterMembers");
    await context.show(body, () => {
      const members = context.table(nodeTitles, nodeRows(body.members));
      if (body.removed.length === 0) return members;
      const removed = body.removed.map(({ id, address, atMs }) => [
        id,
        address,
        new Date(atMs).toISOString(),
      ]);
      return `${members}\n${context.table(["REMOVED", "ADDRESS", "TIME"], removed)}`;
    });
  },
});
