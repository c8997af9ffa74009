/**
 * The published slices of the cluster: manifests in the store, bytes in the repository.
 *
 * Any node can open any slice: its bytes come from the nodes that hold its chunks, once, and are
 * kept ready in the node's cache.
 *
 * @module
 */
import { type OpenedSlice, openSliceInTurns } from "../../artifact/package.ts";
import { AetherError } from "../../base/errors.ts";
import type { Catalog } from "../../deployment/resolve.ts";
import {
  artifactBase,
  compareVersions,
  parseCoordinates,
  repositoryPath,
} from "../../protocol/coordinates.ts";
import { keys } from "../../protocol/keys.ts";
import { artifactPrefix } from "../../protocol/storage/repository_path.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { FormerArtifacts } from "../artifacts/former.ts";
import type { Repository } from "../artifacts/repository.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { assignments, type Stored, storedTargets, storedValue, storedValues } from "./views.ts";

/** One published slice. */
export interface PublishedSlice {
  readonly artifact: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a catalog needs. */
export interface SliceCatalogOptions {
  readonly repository: Repository;
  readonly former: FormerArtifacts;
  readonly store: Pick<ReplicatedStore, "state">;
}

type VersionRecord = ReturnType<typeof keys.artifact.decode>;

/** Published slices by artifact. */
export class SliceCatalog implements Catalog {
  readonly #options: SliceCatalogOptions;

  constructor(options: SliceCatalogOptions) {
    this.#options = options;
  }

  manifest(artifact: string): Manifest | undefined {
    return this.#record(artifact)?.value.manifest;
  }

  /** Whether a slice is published under these coordinates. */
  has(artifact: string): boolean {
    const [group, name, version = ""] = artifact.split(":");
    const key = keys.artifact.key(`${group}:${name}`, version);
    return this.#options.store.state.get(key) !== undefined;
  }

  versions(base: string): readonly string[] {
    const prefix = keys.artifact.key(base, "");
    return storedValues(this.#options.store.state, keys.artifact, prefix)
      .map(({ key }) => key.slice(prefix.length)).sort(compareVersions);
  }

  /**
   * Opens a published slice.
   *
   * @throws {AetherError} ARTIFACT_NOT_FOUND, ARTIFACT_INVALID, STORAGE_CORRUPT, DHT_QUORUM or
   *   UNREACHABLE.
   */
  async open(artifact: string): Promise<OpenedSlice> {
    return await openSliceInTurns(await this.bytes(artifact));
  }

  /** The file of a published slice; throws as {@link SliceCatalog.open}. */
  async bytes(artifact: string): Promise<Uint8Array> {
    const { repository, former } = this.#options;
    const record = this.#record(artifact)?.value;
    if (record === undefined) {
      throw new AetherError("ARTIFACT_NOT_FOUND", `${artifact} is not published`);
    }
    const file = repository.record(pathOf(artifact))?.value;
    return file === undefined ? await former.bytes(record) : await repository.bytes(file);
  }

  /** All published slices. */
  list(): PublishedSlice[] {
    return storedValues(this.#options.store.state, keys.artifact)
      .map(({ value: { manifest, bytes, sha256 } }) => ({
        artifact: manifest.artifact,
        bytes,
        sha256,
      }));
  }

  /**
   * Deletes a version with all its files: no new instance of it can start anywhere.
   *
   * @throws {AetherError} ARTIFACT_NOT_FOUND; ARTIFACT_IN_USE while it should run or runs.
   */
  async delete(artifact: string): Promise<void> {
    const { repository } = this.#options;
    const coordinates = parseCoordinates(artifact);
    this.requireUnused(artifact);
    const prefix = `${artifactPrefix(coordinates)}${coordinates.version}/`;
    const paths = repository.list(prefix).map(({ path }) => path);
    const known = this.#record(artifact);
    if (paths.length === 0 && known === undefined) {
      throw new AetherError("ARTIFACT_NOT_FOUND", `${artifact} is not published`);
    }
    const records = known === undefined ? [] : [{ type: "delete", key: known.key } as const];
    await repository.delete(paths, records);
  }

  /**
   * Checks that a version may go.
   *
   * @throws {AetherError} ARTIFACT_IN_USE
   */
  requireUnused(artifact: string): void {
    const { state } = this.#options.store;
    const isTarget = storedTargets(state).some((target) => target.artifact === artifact);
    const nodes = assignments(state).filter(({ value }) => value.artifact === artifact)
      .map(({ value }) => value.node);
    if (!isTarget && nodes.length === 0) return;
    const where = nodes.length === 0 ? "should run" : `runs on ${nodes.join(", ")}`;
    throw new AetherError("ARTIFACT_IN_USE", `${artifact} ${where}`, {
      hint: "Apply a blueprint without it first",
    });
  }

  #record(artifact: string): Stored<VersionRecord> | undefined {
    return storedValue(this.#options.store.state, keys.artifact, keyOf(artifact));
  }
}

function keyOf(artifact: string): string {
  const coordinates = parseCoordinates(artifact);
  return keys.artifact.key(artifactBase(coordinates), coordinates.version);
}

function pathOf(artifact: string): string {
  return repositoryPath(parseCoordinates(artifact));
}
