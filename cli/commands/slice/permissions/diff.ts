/**
 * The command `aether slice permissions diff`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { permissionChanges } from "../../../../src/protocol/slice/permission_changes.ts";
import { defineCommand } from "../../../command.ts";
import { readSliceFile } from "../../../slice_file.ts";

/** What a version may do that another one may not. */
export const command = defineCommand({
  path: ["slice", "permissions", "diff"],
  summary: "Compare what two .slice files ask for",
  arguments: {
    before: { summary: "Path of the .slice file that runs now" },
    after: { summary: "Path of the one to come" },
  },
  examples: [
    {
      line: "aether slice permissions diff echo-1.0.0.slice echo-1.1.0.slice",
      summary: "What an upgrade would be allowed to do",
    },
  ],
  exitCodes: { 1: "The second file asks for more than the first" },
  async run({ args, context }) {
    const { openSlice } = await import("../../../../src/artifact/package.ts");
    const [before, after] = await Promise.all(
      [args.before, args.after].map(async (path) =>
        openSlice(await readSliceFile(context, path)).manifest
      ),
    );
    const changes = before === undefined || after === undefined
      ? []
      : permissionChanges(before, after);
    const widens = changes.some((change) => change.widens);
    await context.show(
      { widens, changes },
      () =>
        changes.length === 0 ? "Both ask for the same" : context.table(
          ["WHAT", "BEFORE", "AFTER", "MEANS"],
          changes.map((change) => [
            change.what,
            change.before,
            change.after,
            change.widens ? { text: "more", tone: "warn" } : "less",
          ]),
        ),
    );
    return widens ? 1 : 0;
  },
});
