/**
 * The command `aether cluster add`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Lets a node in. */
export const command = defineCommand({
  path: ["cluster", "add"],
  summary: "Let a node into the cluster as a follower, or say where a node is now",
  description: "The node is started with `aether node start --node-id NODE --peers ...`, where " +
    "--peers names nodes of the cluster; before or after, in any order. It copies the data, " +
    "follows the log and runs slices. `aether cluster promote` makes it a voter",
  arguments: {
    node: { summary: "Name of the node, its --node-id" },
    address: { summary: "HOST:PORT of its cluster port" },
  },
  examples: [{ line: "aether cluster add n4 192.0.2.14:8090", summary: "A fourth node" }],
  async run({ args, context }) {
    const body = await (await context.client()).call("clusterAdd", {
      body: { node: args.node, address: args.address },
    });
    await context.show(body, () => `Node ${body.id} at ${body.address} may join as a follower\n`);
  },
});
