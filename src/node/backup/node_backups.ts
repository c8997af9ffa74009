/**
 * The backups that this node makes and reads at its configured place.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import { buildInfo } from "../../io/entry.ts";
import { openTarget } from "../../io/backup/open_target.ts";
import type { BackupManifest } from "../../protocol/backup.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import type { SliceCatalog } from "../control/catalog.ts";
import { createBackup, listBackups, loadBackup, pruneBackups } from "./backups.ts";

/** What backups of a node need. */
export interface NodeBackupsOptions {
  readonly node: string;
  readonly store: Pick<ReplicatedStore, "readBarrier" | "snapshot">;
  readonly catalog: Pick<SliceCatalog, "list" | "bytes">;
  readonly clock: Clock;
  readonly random: Random;
  /** The configuration as it is now. */
  config(): Config["backup"];
}

/** A list of backups and where they are. */
export interface BackupList {
  readonly location: string;
  readonly backups: readonly BackupManifest[];
}

/** Backups through this node. */
export class NodeBackups {
  readonly #options: NodeBackupsOptions;
  /** Backups are made one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: NodeBackupsOptions) {
    this.#options = options;
  }

  /**
   * Makes a backup of everything acknowledged before the call, and removes the oldest ones.
   *
   * @throws {AetherError} BACKUP_NOT_CONFIGURED, BACKUP_FAILED, NOT_PROPOSED without a quorum.
   */
  create(): Promise<BackupManifest> {
    const made = this.#last.catch(() => {}).then(() => this.#create());
    this.#last = made;
    return made;
  }

  /** All backups, newest first; same errors as {@link NodeBackups.create}. */
  async list(): Promise<BackupList> {
    const target = openTarget(this.#options.config());
    return { location: target.location, backups: await listBackups(target) };
  }

  /**
   * Restores a backup into a scratch state and compares it with the original.
   *
   * @throws {AetherError} BACKUP_NOT_FOUND or BACKUP_DAMAGED.
   */
  async verify(id: string): Promise<BackupManifest> {
    const { manifest } = await loadBackup(openTarget(this.#options.config()), id);
    return manifest;
  }

  async #create(): Promise<BackupManifest> {
    const { node, store, catalog, clock, random, config } = this.#options;
    const target = openTarget(config());
    await store.readBarrier();
    const { bytes } = store.snapshot();
    const artifacts = catalog.list().map(({ artifact, sha256 }) => ({
      artifact,
      sha256,
      bytes: () => catalog.bytes(artifact),
    }));
    const unique = Array.from(random.bytes(4), (byte) => byte.toString(16).padStart(2, "0"));
    const manifest = await createBackup(target, {
      wallMs: clock.wallMs(),
      unique: unique.join(""),
      node,
      version: buildInfo().version,
      snapshot: bytes,
      artifacts,
    });
    await pruneBackups(target, config().keep);
    return manifest;
  }
}
