/**
 * Making, listing, checking and pruning backups.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { AetherError } from "../../base/errors.ts";
import type { BackupTarget } from "../../io/backup/target.ts";
import {
  artifactName,
  backupFormat,
  backupId,
  type BackupManifest,
  backupManifestSchema,
  backupOf,
  manifestName,
  snapshotName,
} from "../../protocol/backup.ts";
import { StoreState } from "../../store/state.ts";
import { type ClusterSnapshot, decodeSnapshot } from "../cluster/genesis.ts";

/** An artifact to be backed up. */
export interface ArtifactSource {
  readonly artifact: string;
  readonly sha256: string;
  bytes(): Promise<Uint8Array>;
}

/** What a backup is made of. */
export interface BackupSource {
  readonly wallMs: number;
  /** 8 hexadecimal digits. */
  readonly unique: string;
  readonly node: string;
  readonly version: string;
  /** A cluster snapshot; see `node/cluster/genesis.ts`. */
  readonly snapshot: Uint8Array<ArrayBuffer>;
  readonly artifacts: readonly ArtifactSource[];
}

/** A checked backup. */
export interface LoadedBackup {
  readonly manifest: BackupManifest;
  readonly snapshot: ClusterSnapshot;
  /** The state that the snapshot gives. */
  readonly state: StoreState;
}

/**
 * Makes a backup; its manifest comes last.
 *
 * @throws {AetherError} BACKUP_FAILED when the target fails: then there is no backup.
 */
export async function createBackup(
  target: BackupTarget,
  source: BackupSource,
): Promise<BackupManifest> {
  const { wallMs, unique, node, version, snapshot } = source;
  const id = backupId(wallMs, unique);
  const present = new Set(await target.list());
  const artifacts: BackupManifest["artifacts"] = [];
  const missing: string[] = [];
  for (const { artifact, sha256, bytes } of source.artifacts) {
    const name = artifactName(sha256);
    const content = await bytes().catch(() => undefined);
    if (content === undefined) {
      missing.push(artifact);
      continue;
    }
    if (!present.has(name)) await target.put(name, new Uint8Array(content));
    artifacts.push({ artifact, name, bytes: content.length, sha256 });
  }
  const { genesis, nextSlot, state } = decodeSnapshot(snapshot);
  const name = snapshotName(id);
  await target.put(name, snapshot);
  const manifest: BackupManifest = {
    format: backupFormat,
    id,
    createdAtMs: wallMs,
    node,
    cluster: genesis.cluster,
    version,
    slot: nextSlot,
    revision: stateOf(state).revision,
    snapshot: { name, bytes: snapshot.length, sha256: hashOf(snapshot) },
    stateSha256: hashOf(state),
    artifacts,
    missing,
  };
  const text = JSON.stringify(manifest, null, 2) + "\n";
  await target.put(manifestName(id), new TextEncoder().encode(text));
  return manifest;
}

/**
 * The manifests of all backups, newest first; what cannot be read is left out.
 *
 * @throws {AetherError} BACKUP_FAILED when the target fails.
 */
export async function listBackups(target: BackupTarget): Promise<BackupManifest[]> {
  const manifests: BackupManifest[] = [];
  for (const id of await idsOf(target)) {
    const manifest = await readManifest(target, id).catch((error) => {
      if (error instanceof AetherError && error.name === "BACKUP_FAILED") throw error;
    });
    if (manifest !== undefined) manifests.push(manifest);
  }
  return manifests;
}

/**
 * Reads a backup whole and restores it into a state of its own, whose hash must be that of the
 * original; also checks every artifact.
 *
 * @throws {AetherError} BACKUP_NOT_FOUND, or BACKUP_DAMAGED naming the object.
 */
export async function loadBackup(target: BackupTarget, id: string): Promise<LoadedBackup> {
  const manifest = await readManifest(target, id);
  const bytes = await readObject(target, manifest.snapshot);
  const snapshot = decoded(() => decodeSnapshot(bytes), manifest.snapshot.name);
  const state = decoded(() => stateOf(snapshot.state), manifest.snapshot.name);
  const hash = hashOf(state.snapshot());
  if (hash !== manifest.stateSha256 || state.revision !== manifest.revision) {
    throw damaged(
      manifest.snapshot.name,
      `its state has the hash ${hash} at revision ${state.revision}, not ` +
        `${manifest.stateSha256} at revision ${manifest.revision}`,
    );
  }
  for (const artifact of manifest.artifacts) await readObject(target, artifact);
  return { manifest, snapshot, state };
}

/**
 * The bytes of an object of a backup.
 *
 * @throws {AetherError} BACKUP_DAMAGED when they are missing or others.
 */
export async function readObject(
  target: BackupTarget,
  { name, sha256 }: { readonly name: string; readonly sha256: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await target.get(name);
  if (bytes === undefined) throw damaged(name, "it is missing");
  const found = hashOf(bytes);
  if (found !== sha256) throw damaged(name, `its SHA-256 is ${found}, not ${sha256}`);
  return bytes;
}

/** Removes all but the newest backups, and what none of these needs; answers the removed ids. */
export async function pruneBackups(target: BackupTarget, keep: number): Promise<string[]> {
  const ids = await idsOf(target);
  const removed = ids.slice(keep);
  if (removed.length === 0) return [];
  const needed = new Set<string>();
  for (const id of ids.slice(0, keep)) {
    // A manifest that cannot be read may name anything: then nothing is sure to be unneeded.
    const { artifacts } = await readManifest(target, id);
    for (const { name } of artifacts) needed.add(name);
  }
  const unneeded = new Set<string>();
  for (const id of removed) {
    const { artifacts } = await readManifest(target, id).catch(() => ({ artifacts: [] }));
    // First the manifest, so that there never is a backup without its parts.
    await target.remove(manifestName(id));
    await target.remove(snapshotName(id));
    for (const { name } of artifacts) if (!needed.has(name)) unneeded.add(name);
  }
  for (const name of unneeded) await target.remove(name);
  return removed;
}

async function idsOf(target: BackupTarget): Promise<string[]> {
  const names = await target.list();
  return names.map(backupOf).filter((id) => id !== undefined).sort().reverse();
}

async function readManifest(target: BackupTarget, id: string): Promise<BackupManifest> {
  const name = manifestName(id);
  if (backupOf(name) === undefined) {
    throw new AetherError("BACKUP_NOT_FOUND", `${JSON.stringify(id)} is no id of a backup`);
  }
  const bytes = await target.get(name);
  if (bytes === undefined) {
    throw new AetherError("BACKUP_NOT_FOUND", `There is no backup ${id} in ${target.location}`);
  }
  return decoded(
    () => backupManifestSchema.parse(JSON.parse(new TextDecoder().decode(bytes))),
    name,
  );
}

function stateOf(bytes: Uint8Array): StoreState {
  const state = new StoreState({ maxBytes: Number.MAX_SAFE_INTEGER });
  state.restore(bytes);
  return state;
}

function decoded<T>(read: () => T, name: string): T {
  try {
    return read();
  } catch (cause) {
    throw damaged(name, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function damaged(name: string, reason: string, cause?: unknown): AetherError {
  return new AetherError("BACKUP_DAMAGED", `Object ${name}: ${reason}`, { cause });
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
