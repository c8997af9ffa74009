/**
 * The command `aether cluster promote`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { nodeList } from "../../cluster_nodes.ts";
import { defineCommand } from "../../command.ts";

/** Makes followers voters. */
export const command = defineCommand({
  path: ["cluster", "promote"],
  summary: "Make followers voters, all in one change",
  description:
    "Followers that have just started are waited for until they have caught up, 5 s at " +
    "most. Have 3, 5 or 7 voters: an even number bears no more failures than one less, and " +
    "needs --force. With --instead-of, voters become followers in the same change",
  arguments: { nodes: { summary: "Names of the followers, with commas between them" } },
  options: {
    insteadOf: { value: "NODES", summary: "Voters that become followers", parse: nodeList },
    force: { summary: "Also when that makes the cluster weaker" },
  },
  examples: [
    { line: "aether cluster promote n2,n3", summary: "From one voter to three" },
    { line: "aether cluster promote n4 --instead-of n2", summary: "Replace a voter" },
  ],
  exitCodes: { 3: "There is no such node", 5: "It is not safe, or another change is under way" },
  async run({ args, options, context }) {
    const body = await (await context.client()).call("clusterPromote", {
      body: {
        nodes: nodeList(args.nodes),
        insteadOf: options.insteadOf ?? [],
        force: options.force,
      },
    });
    await context.show(body, () => `The voters are ${body.voters.join(", ")}\n`);
  },
});
