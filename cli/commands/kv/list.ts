/**
 * The command `aether kv list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { limits } from "../../../src/protocol/limits.ts";
import { defineCommand } from "../../command.ts";
import { wholeNumber } from "../../values.ts";

/** Keys in order. */
export const command = defineCommand({
  path: ["kv", "list"],
  summary: "List keys in order",
  arguments: { prefix: { summary: "Only keys that start with it", optional: true } },
  options: {
    after: { value: "KEY", summary: "Only keys after this one, for the next page" },
    limit: {
      value: "N",
      summary: `Most keys to list, up to ${limits.listMax} (default 100)`,
      parse: wholeNumber(limits.listMax),
    },
  },
  examples: [
    { line: "aether kv list", summary: "The first keys" },
    { line: "aether kv list shop/ --limit 1000", summary: "Keys that start with shop/" },
  ],
  async run({ args, options, context }) {
    const body = await (await context.client()).call("kvList", {
      query: { prefix: args.prefix, after: options.after, limit: options.limit },
    });
    await context.show(body, () =>
      context.table(
        ["KEY", "REVISION", "BYTES"],
        body.keys.map(({ key, revision, bytes }) => [key, revision, bytes]),
      ));
    const last = body.keys.at(-1);
    if (body.more && last !== undefined && !context.isJson) {
      await context.io.err(`There are more keys: add --after ${JSON.stringify(last.key)}\n`);
    }
  },
});
