/**
 * The command `aether backup verify`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";

/** Proves that a backup can be restored. */
export const command = defineCommand({
  path: ["backup", "verify"],
  summary: "Restore a backup into a scratch state and compare its hash with the original's",
  description: "A file that ends with .manifest.json is checked here, without a node; an id is " +
    "checked by the node, at its backup target. All artifacts are read and compared, too",
  arguments: { backup: { summary: "Id of the backup, or the file of its manifest" } },
  examples: [
    { line: "aether backup verify 20260829t101500z-1f0c2a9b", summary: "By the node" },
    {
      line: "aether backup verify backups/20260829t101500z-1f0c2a9b.manifest.json",
      summary: "Here",
    },
  ],
  exitCodes: { 1: "The backup is damaged", 3: "There is no such backup" },
  async run({ args, context }) {
    const isFile = args.backup.endsWith(".manifest.json");
    const { id, revision, stateSha256 } = isFile
      ? await verifyFile(args.backup)
      : await (await context.client()).call("backupVerify", { params: { id: args.backup } });
    await context.show(
      { ok: true, id, revision, stateSha256 },
      () => `Backup ${id} is good: revision ${revision}, state ${stateSha256}\n`,
    );
  },
});

async function verifyFile(path: string) {
  const { loadBackup } = await import("../../../src/node/backup/backups.ts");
  const { manifestPlace } = await import("../../backup_place.ts");
  const { target, id } = await manifestPlace(path);
  return (await loadBackup(target, id)).manifest;
}
