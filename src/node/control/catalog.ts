/**
 * The published slices of the cluster: manifests in the store, bytes on the nodes that hold them.
 *
 * Publishing stores the bytes here and then, in one step, the version's record; a node that lacks
 * the bytes fetches them from a holder, checks them, and becomes a holder itself.
 *
 * @module
 */
import { checksumsOf } from "../../artifact/checksums.ts";
import { type OpenedSlice, openSliceInTurns } from "../../artifact/package.ts";
import type { ArtifactRepository, PutResult, RepositoryFile } from "../../artifact/repository.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { Catalog } from "../../deployment/resolve.ts";
import {
  artifactBase,
  compareVersions,
  parseCoordinates,
  repositoryPath,
} from "../../protocol/coordinates.ts";
import { keys } from "../../protocol/keys.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { Asks } from "../cluster/asks.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { type Stored, storedValue, storedValues } from "./views.ts";

const sliceExtension = ".slice";
const fetchTimeoutMs = 60_000;
const artifactTopic = "artifact";
const attemptsMax = 10;

/** One published slice. */
export interface PublishedSlice {
  readonly artifact: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** What a catalog needs. */
export interface SliceCatalogOptions {
  readonly node: string;
  readonly repository: ArtifactRepository;
  readonly store: Pick<ReplicatedStore, "state" | "propose">;
  readonly asks: Asks;
  isAlive(node: string): boolean;
}

type VersionRecord = ReturnType<typeof keys.artifact.decode>;

/** Published slices by artifact. */
export class SliceCatalog implements Catalog {
  readonly #options: SliceCatalogOptions;
  /** Fetches under way, so that an artifact is fetched once however many instances start. */
  readonly #fetching = new Map<string, Promise<Uint8Array>>();

  constructor(options: SliceCatalogOptions) {
    this.#options = options;
    options.asks.handle(artifactTopic, async (body) => {
      const artifact = new TextDecoder().decode(body);
      return (await options.repository.get(pathOf(artifact))).bytes;
    });
  }

  manifest(artifact: string): Manifest | undefined {
    return this.#record(artifact)?.value.manifest;
  }

  versions(base: string): readonly string[] {
    const prefix = keys.artifact.key(base, "");
    return storedValues(this.#options.store.state, keys.artifact, prefix)
      .map(({ key }) => key.slice(prefix.length)).sort(compareVersions);
  }

  /**
   * Opens a published slice, fetched from another node when it is not here.
   *
   * @throws {AetherError} ARTIFACT_NOT_FOUND, ARTIFACT_INVALID, STORAGE_CORRUPT or UNREACHABLE.
   */
  async open(artifact: string): Promise<OpenedSlice> {
    return await openSliceInTurns(await this.#bytes(artifact));
  }

  /** A file of this node's repository; a slice is fetched when another node has it. */
  async file(path: string): Promise<RepositoryFile> {
    const { repository } = this.#options;
    if (!repository.exists(path)) {
      const record = this.#list().find(({ value }) => pathOf(value.manifest.artifact) === path);
      if (record !== undefined) await this.#bytes(record.value.manifest.artifact);
    }
    return await repository.get(path);
  }

  /**
   * Publishes a file; see `ArtifactRepository.put`.
   *
   * @throws {AetherError} ARTIFACT_EXISTS when the version is published with other bytes, on
   * whatever node.
   */
  async put(path: string, bytes: Uint8Array): Promise<PutResult> {
    const { repository } = this.#options;
    if (!path.endsWith(sliceExtension)) return await repository.put(path, bytes);
    const opened = await openSliceInTurns(bytes);
    const { manifest } = opened;
    const known = this.#record(manifest.artifact);
    // Before it is stored here, because what a repository holds never changes.
    if (known !== undefined) this.#checkSame(known, (await checksumsOf(bytes)).sha256);
    const result = await repository.put(path, bytes, opened);
    const isNew = await this.#hold(manifest, result.sha256, bytes.length);
    return { ...result, status: isNew ? "created" : "same" };
  }

  /** All published slices. */
  list(): PublishedSlice[] {
    return this.#list().map(({ value: { manifest, bytes, sha256 } }) => ({
      artifact: manifest.artifact,
      bytes,
      sha256,
    }));
  }

  #list(): Stored<VersionRecord>[] {
    return storedValues(this.#options.store.state, keys.artifact);
  }

  #record(artifact: string): Stored<VersionRecord> | undefined {
    return storedValue(this.#options.store.state, keys.artifact, keyOf(artifact));
  }

  /** Writes this node into the version's record; answers whether the version is new. */
  async #hold(manifest: Manifest, hash: string, bytes: number): Promise<boolean> {
    const { node, store } = this.#options;
    const key = keyOf(manifest.artifact);
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const known = this.#record(manifest.artifact);
      if (known !== undefined) this.#checkSame(known, hash);
      if (known?.value.holders.includes(node)) return false;
      const holders = [...known?.value.holders ?? [], node].sort();
      const applied = await store.propose("node", {
        compare: [{ key, revision: known?.revision ?? 0 }],
        then: [keys.artifact.put(key, { sha256: hash, bytes, holders, manifest })],
        otherwise: [],
      });
      // Somebody else wrote the record at the same time: look again.
      if (applied.succeeded) return known === undefined;
    }
    throw new AetherError("NOT_PROPOSED", `The record of ${manifest.artifact} keeps changing`);
  }

  #checkSame(known: Stored<VersionRecord>, hash: string): void {
    const { manifest, sha256: expected } = known.value;
    if (expected === hash) return;
    throw new AetherError(
      "ARTIFACT_EXISTS",
      `${manifest.artifact} is already published with SHA-256 ${expected}, not ${hash}`,
    );
  }

  async #bytes(artifact: string): Promise<Uint8Array> {
    const { repository } = this.#options;
    if (repository.exists(pathOf(artifact))) {
      const file = await repository.get(pathOf(artifact));
      const published = this.#record(artifact)?.value.sha256 ?? file.sha256;
      if (published === file.sha256) return file.bytes;
      // Two nodes were given different bytes at the same time; the other one was first.
      throw new AetherError(
        "STORAGE_CORRUPT",
        `This node holds ${artifact} with SHA-256 ${file.sha256}, but published is ${published}`,
        { hint: "Publish the slice under a new version" },
      );
    }
    let fetching = this.#fetching.get(artifact);
    if (fetching === undefined) {
      fetching = this.#fetch(artifact).finally(() => this.#fetching.delete(artifact));
      this.#fetching.set(artifact, fetching);
    }
    return await fetching;
  }

  async #fetch(artifact: string): Promise<Uint8Array> {
    const { node, asks, repository, isAlive } = this.#options;
    const record = this.#record(artifact)?.value;
    if (record === undefined) {
      throw new AetherError("ARTIFACT_NOT_FOUND", `${artifact} is not published`);
    }
    const others = record.holders.filter((holder) => holder !== node);
    const inOrder = [...others.filter(isAlive), ...others.filter((holder) => !isAlive(holder))];
    const reasons: string[] = [];
    for (const holder of inOrder) {
      try {
        const body = new TextEncoder().encode(artifact);
        const bytes = await asks.ask(holder, artifactTopic, body, fetchTimeoutMs);
        if ((await checksumsOf(bytes)).sha256 !== record.sha256) {
          throw new AetherError("ARTIFACT_INVALID", "It sent other bytes than were published");
        }
        await repository.put(pathOf(artifact), bytes);
        await this.#hold(record.manifest, record.sha256, bytes.length);
        return bytes;
      } catch (error) {
        reasons.push(`${holder}: ${toAetherError(error).message}`);
      }
    }
    throw new AetherError(
      "UNREACHABLE",
      `${artifact} could not be fetched from any of its holders (${reasons.join("; ")})`,
      { hint: "Start one of the holders, or publish the artifact again" },
    );
  }
}

function keyOf(artifact: string): string {
  const coordinates = parseCoordinates(artifact);
  return keys.artifact.key(artifactBase(coordinates), coordinates.version);
}

function pathOf(artifact: string): string {
  return repositoryPath(parseCoordinates(artifact));
}
