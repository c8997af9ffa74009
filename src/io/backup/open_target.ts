/**
 * Chooses the target that a configuration names.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { Config } from "../../protocol/config/config.ts";
import { DirectoryTarget } from "./directory_target.ts";
import { S3Target } from "./s3_target.ts";
import type { BackupTarget } from "./target.ts";

/**
 * The configured place for backups.
 *
 * @throws {AetherError} BACKUP_NOT_CONFIGURED when there is none.
 */
export function openTarget({ directory, s3 }: Config["backup"]): BackupTarget {
  if (directory !== undefined) return new DirectoryTarget(directory);
  if (s3 !== undefined) return new S3Target(s3);
  throw new AetherError("BACKUP_NOT_CONFIGURED", "Neither backup.directory nor [backup.s3] is set");
}
