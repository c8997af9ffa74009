/**
 * The command `aether health`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../command.ts";

/** Whether the connected node can serve; scripts use its exit code. */
export const command = defineCommand({
  path: ["health"],
  summary: "Show whether a node and its cluster can serve",
  examples: [{ line: "aether health && echo ready", summary: "Act only on a ready node" }],
  exitCodes: { 1: "The node is not ready" },
  async run({ context }) {
    const health = await (await context.client()).call("health");
    const shown = (value: boolean) =>
      ({ text: value ? "yes" : "no", tone: value ? "good" : "bad" }) as const;
    await context.show(health, () =>
      context.fields([
        ["ready", shown(health.ready)],
        ["quorum", shown(health.quorum)],
        ["nodes", health.nodeCount],
        ["connected peers", health.connectedPeers],
        ["slices", health.sliceCount],
      ]));
    return health.ready ? 0 : 1;
  },
});
