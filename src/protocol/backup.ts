/**
 * What a backup consists of: the manifest, and the names of its objects.
 *
 * A backup is a snapshot of the store and the artifacts that it names. Its manifest is written
 * last, so a backup without one is no backup. Artifacts are shared: an object is named by its hash.
 *
 * @module
 */
import { z } from "zod";

/** The format of backups that this version writes and reads. */
export const backupFormat = 1;

const objectSchema = z.object({
  name: z.string(),
  bytes: z.int(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** The manifest of a backup. */
export const backupManifestSchema = z.object({
  format: z.literal(backupFormat),
  id: z.string(),
  createdAtMs: z.number(),
  /** The node that made it, and its cluster and version. */
  node: z.string(),
  cluster: z.string(),
  version: z.string(),
  /** The first slot of the log that it does not cover. */
  slot: z.int(),
  revision: z.int(),
  snapshot: objectSchema,
  /** SHA-256 of the state in its canonical form: what a restored state must give again. */
  stateSha256: z.string(),
  artifacts: z.array(objectSchema.extend({ artifact: z.string() })),
  /** Published artifacts whose bytes no node could give. */
  missing: z.array(z.string()),
});

/** The manifest of a backup. */
export type BackupManifest = z.output<typeof backupManifestSchema>;

const manifestPattern = /^(\d{8}t\d{6}z-[0-9a-f]{8})\.manifest\.json$/;

/** Name of a manifest. */
export function manifestName(id: string): string {
  return `${id}.manifest.json`;
}

/** The backup whose manifest an object is; undefined when it is none. */
export function backupOf(name: string): string | undefined {
  return manifestPattern.exec(name)?.[1];
}

/** Name of a snapshot. */
export function snapshotName(id: string): string {
  return `${id}.snapshot`;
}

/** Name of the object that holds an artifact. */
export function artifactName(sha256: string): string {
  return `artifact-${sha256}.slice`;
}

/** An id that sorts by the time of the backup; `unique` is 8 hexadecimal digits. */
export function backupId(wallMs: number, unique: string): string {
  const time = new Date(wallMs).toISOString().replaceAll(/[-:]|\.\d+/g, "").toLowerCase();
  return `${time}-${unique}`;
}
