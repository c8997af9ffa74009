/**
 * The command `aether backup list`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { formatByteSize } from "../../../src/base/byte_size.ts";
import { defineCommand } from "../../command.ts";

/** The backups that there are. */
export const command = defineCommand({
  path: ["backup", "list"],
  summary: "List backups, newest first",
  examples: [{ line: "aether backup list", summary: "At the node's backup target" }],
  async run({ context }) {
    const body = await (await context.client()).call("backupList");
    await context.show(body, () =>
      context.table(
        ["ID", "TIME", "NODE", "REVISION", "SIZE", "ARTIFACTS"],
        body.backups.map((backup) => [
          backup.id,
          new Date(backup.createdAtMs).toISOString(),
          backup.node,
          backup.revision,
          formatByteSize(backup.bytes),
          backup.artifacts,
        ]),
      ));
  },
});
