/**
 * The command `aether cluster size`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Says how many nodes there should be. */
export const command = defineCommand({
  path: ["cluster", "size"],
  summary: "Set how many nodes the cluster should have; lost ones are replaced",
  description: "The leader starts and stops nodes through its cluster.provider, one at a time: a " +
    "node that is down for cluster.healTimeout is lost, a new one takes its place and its vote. " +
    "Nodes beyond the size are drained and stopped if they were started for it. 0 ends it. The " +
    "same as `aether config set cluster.size N`",
  arguments: { nodes: { summary: "Number of nodes, 0 for no matter how many" } },
  examples: [
    { line: "aether cluster size 3", summary: "Keep it at three" },
    { line: "aether cluster size 0", summary: "Neither start nor stop nodes" },
  ],
  async run({ args, context }) {
    const body = await (await context.client()).call("overrideSet", {
      body: { key: "cluster.size", value: args.nodes },
    });
    await context.show(body, () => `The cluster shall have ${args.nodes} nodes\n`);
  },
});
