/**
 * The command `aether nodes`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../command.ts";
import { toneOfState } from "../output/style.ts";

/** Members of the cluster. */
export const command = defineCommand({
  path: ["nodes"],
  summary: "List the nodes of the cluster",
  examples: [{ line: "aether nodes", summary: "All nodes with state and addresses" }],
  async run({ context }) {
    const body = await (await context.client()).call("nodes");
    await context.show(body, () =>
      context.table(
        ["ID", "STATE", "ROLE", "INSTANCES", "MANAGEMENT", "APP", "VERSION"],
        body.nodes.map((node) => [
          node.id + (node.self ? " *" : ""),
          { text: node.state, tone: toneOfState(node.state) },
          node.leader ? "leader" : "",
          node.instances,
          node.addresses.management,
          node.addresses.app,
          node.version,
        ]),
      ));
  },
});
