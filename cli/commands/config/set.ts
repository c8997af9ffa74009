/**
 * The command `aether config set`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Sets a value over those of the files. */
export const command = defineCommand({
  path: ["config", "set"],
  summary: "Set a key of running nodes over their files, for the cluster or for one node",
  description: "The answer says whether it holds at once or after a restart. Keys that a node " +
    "reads before its store is open cannot be set, such as addresses",
  arguments: {
    key: { summary: "The key, for example log.level" },
    value: { summary: "The value as a variable would give it; lists with commas" },
  },
  options: { node: { value: "ID", summary: "Only for this node; it wins over the cluster's" } },
  examples: [
    { line: "aether config set log.level debug", summary: "On all nodes, at once" },
    { line: "aether config set app.requestTimeout 5s --node node-2", summary: "On one node" },
  ],
  async run({ args, options, context }) {
    const { key, value } = args;
    const { node } = options;
    const body = await (await context.client()).call("overrideSet", {
      body: { key, value, ...(node === undefined ? {} : { node }) },
    });
    const when = body.effect === "restart" ? "holds after a restart" : "holds now";
    const where = body.node === null ? "on all nodes" : `on ${body.node}`;
    await context.show(body, () => `${key} = ${value} ${when} ${where}\n`);
  },
});
