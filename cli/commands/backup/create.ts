/**
 * The command `aether backup create`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { formatByteSize } from "../../../src/base/byte_size.ts";
import { defineCommand } from "../../command.ts";

/** Makes a backup now. */
export const command = defineCommand({
  path: ["backup", "create"],
  summary: "Back up the store and the artifacts to the node's backup target",
  description: "The target is backup.directory or [backup.s3] in the node's configuration; with " +
    "backup.interval the cluster makes backups by itself. Everything acknowledged before is in " +
    "the backup. The oldest ones beyond backup.keep are removed",
  examples: [{ line: "aether backup create", summary: "Before an upgrade" }],
  async run({ context }) {
    const body = await (await context.client()).call("backupCreate");
    await context.show(
      body,
      () =>
        `Backup ${body.id}: revision ${body.revision}, ${formatByteSize(body.bytes)}, ` +
        `${body.artifacts} artifacts\n`,
    );
    if (body.missing.length > 0) {
      await context.io.err(`warning: without the bytes of ${body.missing.join(", ")}\n`);
    }
  },
});
