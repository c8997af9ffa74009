/**
 * The command `aether lock list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { formatDuration } from "../../../src/base/duration.ts";
import { defineCommand } from "../../command.ts";

/** Who holds what. */
export const command = defineCommand({
  path: ["lock", "list"],
  summary: "List the locks that are held, with holder and token",
  arguments: { prefix: { summary: "Only names that start with it", optional: true } },
  examples: [{ line: "aether lock list", summary: "All locks" }],
  async run({ args, context }) {
    const body = await (await context.client()).call("lockList", {
      query: { prefix: args.prefix },
    });
    await context.show(body, () =>
      context.table(
        ["NAME", "HOLDER", "TOKEN", "TTL"],
        body.locks.map(({ name, holder, token, ttlMs }) => [
          name,
          holder,
          token,
          formatDuration(ttlMs),
        ]),
      ));
  },
});
