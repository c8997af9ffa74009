/**
 * API rows about backups.
 *
 * @module
 */
import { z } from "zod";
import { defineRows } from "./row.ts";

const params = z.object({ id: z.string().min(1).max(64) });
const longMs = 600_000;
const backup = z.object({
  id: z.string(),
  createdAtMs: z.number(),
  node: z.string(),
  cluster: z.string(),
  version: z.string(),
  revision: z.int(),
  /** Size of the snapshot. */
  bytes: z.int(),
  artifacts: z.int(),
  /** Artifacts whose bytes no node could give. */
  missing: z.array(z.string()),
});
const failures = ["BACKUP_NOT_CONFIGURED", "BACKUP_FAILED"] as const;

/** Rows about backups; they go where [backup] of the asked node says. */
export const backupRows = defineRows({
  backupCreate: {
    method: "POST",
    path: "/api/backups",
    role: "admin",
    summary: "Backs up the store and the artifacts, and removes the oldest backups",
    timeoutMs: longMs,
    response: backup,
    errors: [...failures, "NOT_PROPOSED"],
  },
  backupList: {
    method: "GET",
    path: "/api/backups",
    role: "operator",
    summary: "Backups, newest first",
    response: z.object({ location: z.string(), backups: z.array(backup) }),
    errors: [...failures],
  },
  backupVerify: {
    method: "POST",
    path: "/api/backups/{id}/verify",
    role: "operator",
    summary: "Restores a backup into a scratch state and compares its hash; checks all artifacts",
    params,
    timeoutMs: longMs,
    response: backup.extend({ stateSha256: z.string() }),
    errors: [...failures, "BACKUP_NOT_FOUND", "BACKUP_DAMAGED"],
  },
});
