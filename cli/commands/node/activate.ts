/**
 * The command `aether node activate`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { nodeId } from "../../node_id.ts";

/** Brings a node back on duty. */
export const command = defineCommand({
  path: ["node", "activate"],
  summary: "Bring a drained node back on duty, or cancel its drain",
  arguments: { id: nodeId },
  examples: [{ line: "aether node activate node-2", summary: "It may run instances again" }],
  exitCodes: { 5: "The node is neither DRAINING nor DECOMMISSIONED" },
  async run({ args, context }) {
    const client = await context.client();
    const body = await client.call("nodeActivate", { params: { id: args.id } });
    await context.show(body, () => `${body.id} is ${body.state}\n`);
  },
});
