/**
 * The command `aether config remove`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Takes an override away. */
export const command = defineCommand({
  path: ["config", "remove"],
  summary: "Remove an override, so that the files count again",
  arguments: { key: { summary: "The key, for example log.level" } },
  options: { node: { value: "ID", summary: "That of this node, not that of the cluster" } },
  examples: [{ line: "aether config remove log.level", summary: "Back to the files" }],
  exitCodes: { 3: "There is no such override" },
  async run({ args, options, context }) {
    const body = await (await context.client()).call("overrideRemove", {
      params: { key: args.key },
      query: { node: options.node },
    });
    const where = body.node === null ? "the cluster" : `node ${body.node}`;
    await context.show(body, () => `The override of ${body.key} for ${where} is removed\n`);
  },
});
