/**
 * Where backups go: a flat set of objects with names, whole or not there at all.
 *
 * @module
 */
/** A place for backups. Failures are AetherError BACKUP_FAILED. */
export interface BackupTarget {
  /** Where it is, for people. */
  readonly location: string;
  /** Writes an object durably, or replaces it. */
  put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** An object's bytes; undefined without it. */
  get(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** The names of all objects, sorted. */
  list(): Promise<string[]>;
  /** Removes an object; does nothing without it. */
  remove(name: string): Promise<void>;
}
