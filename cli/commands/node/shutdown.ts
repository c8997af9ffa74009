/**
 * The command `aether node shutdown`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { nodeId } from "../../node_id.ts";

/** Ends a node's process. */
export const command = defineCommand({
  path: ["node", "shutdown"],
  summary: "Let others run the instances of a node, and end its process",
  description: "It ends when others run its instances, or after deployment.shutdownTimeout.",
  arguments: { id: nodeId },
  examples: [{ line: "aether node shutdown node-2", summary: "Before its machine is replaced" }],
  exitCodes: { 5: "The node is SHUTTING_DOWN already" },
  async run({ args, context }) {
    const client = await context.client();
    const body = await client.call("nodeShutdown", { params: { id: args.id } });
    await context.show(body, () => `${body.id} is ${body.state}\n`);
  },
});
