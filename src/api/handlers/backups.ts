/**
 * Handlers of the rows about backups.
 *
 * @module
 */
import type { backupRows } from "../../protocol/api/backups.ts";
import type { BackupManifest } from "../../protocol/backup.ts";
import type { Handlers } from "../handler.ts";

/** See `protocol/api/backups.ts`. */
export const backupHandlers: Handlers<keyof typeof backupRows> = {
  backupCreate: async (_request, { control }) => ({
    body: backupView(await control.backups.create()),
  }),
  backupList: async (_request, { control }) => {
    const { location, backups } = await control.backups.list();
    return { body: { location, backups: backups.map(backupView) } };
  },
  backupVerify: async ({ params }, { control }) => {
    const manifest = await control.backups.verify(params.id);
    return { body: { ...backupView(manifest), stateSha256: manifest.stateSha256 } };
  },
};

function backupView(manifest: BackupManifest) {
  const { id, createdAtMs, node, cluster, version, revision, snapshot, artifacts, missing } =
    manifest;
  return {
    id,
    createdAtMs,
    node,
    cluster,
    version,
    revision,
    bytes: snapshot.bytes,
    artifacts: artifacts.length,
    missing,
  };
}
