/**
 * The command `aether node drain`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { followDrain } from "../../../src/client/follow_drain.ts";
import { defineCommand } from "../../command.ts";
import { nodeId } from "../../node_id.ts";

const timeoutMsDefault = 600_000;

/** Empties a node. */
export const command = defineCommand({
  path: ["node", "drain"],
  summary: "Move the instances of a node to others and decommission it",
  description: "Instances move one by one: a replacement is ACTIVE before the old one finishes " +
    "its calls and ends, and never fewer than minAvailable remain. --timeout limits the waiting " +
    "(default 10m); ending it early stops nothing. `aether node activate` cancels.",
  arguments: { id: nodeId },
  options: { detach: { summary: "Return as soon as the drain has begun" } },
  examples: [
    { line: "aether node drain node-2", summary: "Empty it and wait until it is" },
    { line: "aether node drain node-2 --detach", summary: "Only begin" },
  ],
  exitCodes: { 1: "The drain was cancelled", 5: "The node is not ON_DUTY" },
  async run({ args, options, context }) {
    const client = await context.client("following");
    const begun = await client.call("nodeDrain", { params: { id: args.id } });
    if (options.detach) {
      await context.show(begun, () => `${begun.id} is ${begun.state}\n`);
      return;
    }
    const ended = await followDrain(client, args.id, {
      timeoutMs: context.options.timeout ?? timeoutMsDefault,
      onProgress: ({ id, state, instances }) =>
        context.say(`${id} is ${state}: ${instances} instances left`),
    });
    if (ended.state !== "DECOMMISSIONED") {
      throw new AetherError("DRAIN_CANCELLED", `Node ${args.id} is ${ended.state}: it was changed`);
    }
    await context.show(ended, () => "");
  },
});
