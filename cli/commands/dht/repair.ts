/**
 * The command `aether dht repair`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Checks and compares everything now. */
export const command = defineCommand({
  path: ["dht", "repair"],
  summary: "Let every node check what it stores and compare it with the others, now",
  description: "Nodes do so by themselves all the time; this does not wait. `aether dht status` " +
    "shows how far it is.",
  examples: [{ line: "aether dht repair", summary: "All nodes" }],
  async run({ context }) {
    const body = await (await context.client()).call("dhtRepair");
    await context.show(body, () => {
      const silent = body.silent.length === 0 ? "" : `Silent: ${body.silent.join(", ")}\n`;
      return `Repair has begun on ${body.started.join(", ")}\n${silent}`;
    });
  },
});
