/**
 * Where a command finds a backup without a node: a manifest's file, or the target of a
 * configuration.
 *
 * @module
 */
import { AetherError } from "../src/base/errors.ts";
import type { BackupTarget } from "../src/io/backup/target.ts";
import type { Context } from "./context.ts";

const manifestPattern = /^(?:(.*)\/)?([^/]+)\.manifest\.json$/;

/** A backup and its place. */
export interface BackupPlace {
  readonly target: BackupTarget;
  readonly id: string;
}

/** The place of a backup whose manifest is a file. */
export async function manifestPlace(path: string): Promise<BackupPlace> {
  const [, folder = ".", id = ""] = manifestPattern.exec(path) ?? [];
  const { DirectoryTarget } = await import("../src/io/backup/directory_target.ts");
  return { target: new DirectoryTarget(folder), id };
}

/**
 * The place of a backup, which is named by its manifest's file, or by its id and a configuration.
 *
 * @throws {AetherError} USAGE when an id comes without a configuration.
 */
export async function findBackup(
  context: Context,
  backup: string,
  config: string | undefined,
): Promise<BackupPlace> {
  if (manifestPattern.test(backup)) return await manifestPlace(backup);
  if (config === undefined) {
    throw new AetherError("USAGE", `"${backup}" is no file that ends with .manifest.json`, {
      hint: "Name the manifest's file, or the id of the backup and --config with its [backup]",
    });
  }
  const { loadConfig } = await import("../src/io/config/load.ts");
  const { openTarget } = await import("../src/io/backup/open_target.ts");
  const loaded = await loadConfig({ file: config, env: context.env, flags: {} });
  return { target: openTarget(loaded.config.backup), id: backup };
}
