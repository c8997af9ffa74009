/**
 * The command `aether kv delete`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { wholeNumber } from "../../values.ts";

/** Deletes a key. */
export const command = defineCommand({
  path: ["kv", "delete"],
  summary: "Delete a key",
  arguments: { key: { summary: "The key" } },
  options: {
    ifRevision: {
      value: "N",
      summary: "Only when the key still has this revision",
      parse: wholeNumber(),
    },
  },
  examples: [{ line: "aether kv delete greeting", summary: "Delete a key" }],
  exitCodes: { 3: "The key does not exist", 5: "The key has another revision" },
  async run({ args, options, context }) {
    const ifMatch = options.ifRevision === undefined ? undefined : `"${options.ifRevision}"`;
    await (await context.client()).call("kvDelete", {
      params: { key: args.key },
      headers: { "if-match": ifMatch },
    });
    await context.show({ key: args.key, deleted: true }, () => `${args.key} is deleted\n`);
  },
});
