/**
 * The command `aether config list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** The configuration of a running node. */
export const command = defineCommand({
  path: ["config", "list"],
  summary: "Show the configuration of a running node with the source of every value",
  description:
    "Values come from defaults, the node's file, variables, flags, or from overrides of " +
    "the cluster or the node. With --overrides only those, of all nodes",
  options: { overrides: { summary: "Only the overrides, with the nodes for which they hold" } },
  examples: [
    { line: "aether config list", summary: "Everything" },
    { line: "aether config list --overrides", summary: "What was set with `config set`" },
  ],
  async run({ options, context }) {
    const client = await context.client();
    if (options.overrides) {
      const body = await client.call("overrideList");
      await context.show(body, () =>
        context.table(
          ["KEY", "VALUE", "NODE", "REVISION"],
          body.overrides.map(({ key, value, node, revision }) => [
            key,
            JSON.stringify(value),
            node ?? "(all)",
            revision,
          ]),
        ));
      return;
    }
    const body = await client.call("configList");
    await context.show(body, () =>
      context.table(
        ["KEY", "VALUE", "SOURCE", "HIDES"],
        body.keys.map(({ key, value, source, base }) => [
          key,
          value,
          source,
          base === undefined ? "" : `${base.value} (${base.source})`,
        ]),
      ));
  },
});
