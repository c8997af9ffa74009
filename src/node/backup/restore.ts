/**
 * Makes a data directory from a backup: the same data in a new cluster.
 *
 * The new cluster has an id of its own, so that nodes of the former one are refused, also while
 * they still run. What belonged to the former nodes goes: members, leader, instances, assignments.
 *
 * @module
 */
import { ArtifactRepository } from "../../artifact/repository.ts";
import { AetherError } from "../../base/errors.ts";
import type { BackupTarget } from "../../io/backup/target.ts";
import { FileStorage } from "../../io/file_storage.ts";
import { DataDirectory } from "../../io/log/data_directory.ts";
import { parseCoordinates, repositoryPath } from "../../protocol/coordinates.ts";
import type { NodeAddress } from "../../protocol/peer/hello.ts";
import { clusterIdOf, encodeSnapshot } from "../cluster/genesis.ts";
import { moveState } from "../cluster/snapshots/move_state.ts";
import { loadBackup, readObject } from "./backups.ts";

/** What to restore, and where to. */
export interface RestoreOptions {
  readonly target: BackupTarget;
  readonly id: string;
  readonly dataDir: string;
  readonly node: string;
  /** All nodes of the new cluster, this one among them. */
  readonly founders: readonly NodeAddress[];
  /** Equal for all nodes of the new cluster, and never used before. */
  readonly restoreId: string;
}

/** What a restore made. */
export interface Restored {
  readonly cluster: string;
  readonly revision: number;
  readonly artifacts: number;
}

/**
 * Restores a backup into an empty directory.
 *
 * @throws {AetherError} BACKUP_NOT_FOUND, BACKUP_DAMAGED, BACKUP_FAILED; FOLDER_NOT_EMPTY.
 */
export async function restoreBackup(options: RestoreOptions): Promise<Restored> {
  const { target, id, dataDir, node, founders, restoreId } = options;
  await requireEmpty(dataDir);
  const { manifest, snapshot, state } = await loadBackup(target, id);
  const nodes = founders.map((founder) => founder.id).sort();
  moveState(state, { nodes, holders: () => nodes });
  const cluster = clusterIdOf(["restore", id, restoreId, ...nodes]);
  await restoreArtifacts(target, manifest.artifacts, dataDir);
  const body = encodeSnapshot({
    genesis: { cluster, founders, nonces: nodes.map((name) => `${restoreId}/${name}`) },
    nextSlot: snapshot.nextSlot,
    configurations: [{ from: 0, members: nodes }],
    state: state.snapshot(),
  });
  const data = await DataDirectory.open(dataDir, {
    nodeId: node,
    create: () => ({ clusterId: cluster, nodeId: node }),
  });
  try {
    await data.saveSnapshot({ index: 0, body });
  } finally {
    await data.close();
  }
  return { cluster, revision: state.revision, artifacts: manifest.artifacts.length };
}

async function requireEmpty(directory: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(directory)) {
      throw new AetherError(
        "FOLDER_NOT_EMPTY",
        `Folder "${directory}" is not empty: it has ${name}`,
        {
          hint: "Restore into a new directory; a node's own one has what the backup lacks",
        },
      );
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function restoreArtifacts(
  target: BackupTarget,
  artifacts: readonly {
    readonly artifact: string;
    readonly name: string;
    readonly sha256: string;
  }[],
  dataDir: string,
): Promise<void> {
  const storage = await FileStorage.open(`${dataDir}/artifacts`);
  try {
    const repository = await ArtifactRepository.open(storage);
    for (const each of artifacts) {
      const path = repositoryPath(parseCoordinates(each.artifact));
      await repository.put(path, await readObject(target, each));
    }
  } finally {
    await storage.close();
  }
}
