/**
 * The published slices of this node: manifests in memory, modules from the repository.
 *
 * @module
 */
import { type OpenedSlice, openSlice } from "../../artifact/package.ts";
import type { ArtifactRepository, PutResult, RepositoryFile } from "../../artifact/repository.ts";
import type { Catalog } from "../../deployment/resolve.ts";
import {
  formatCoordinates,
  parseCoordinates,
  parseRepositoryPath,
  repositoryPath,
} from "../../protocol/coordinates.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";

const sliceExtension = ".slice";

/** One published slice. */
export interface PublishedSlice {
  readonly artifact: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Manifests by artifact over a repository. */
export class SliceCatalog implements Catalog {
  readonly #repository: ArtifactRepository;
  readonly #manifests = new Map<string, Manifest>();

  constructor(repository: ArtifactRepository) {
    this.#repository = repository;
  }

  /**
   * Reads the manifests that are not in memory yet, so that `manifest()` knows every artifact.
   * Damaged artifacts are left out; they fail, with their reason, when they are opened.
   */
  async load(): Promise<void> {
    for (const artifact of this.#artifacts()) {
      if (!this.#manifests.has(artifact)) await this.open(artifact).catch(() => {});
    }
  }

  manifest(artifact: string): Manifest | undefined {
    return this.#manifests.get(artifact);
  }

  versions(base: string): readonly string[] {
    return this.#repository.versions(base);
  }

  /**
   * Opens a published slice.
   *
   * @throws {AetherError} ARTIFACT_NOT_FOUND, ARTIFACT_INVALID or STORAGE_CORRUPT.
   */
  async open(artifact: string): Promise<OpenedSlice> {
    const file = await this.#repository.get(repositoryPath(parseCoordinates(artifact)));
    const opened = openSlice(file.bytes);
    this.#manifests.set(artifact, opened.manifest);
    return opened;
  }

  /** A file of the repository; see `ArtifactRepository.get`. */
  file(path: string): Promise<RepositoryFile> {
    return this.#repository.get(path);
  }

  /** Publishes a file; see `ArtifactRepository.put`. */
  async put(path: string, bytes: Uint8Array): Promise<PutResult> {
    const result = await this.#repository.put(path, bytes);
    if (path.endsWith(sliceExtension)) {
      const { manifest } = openSlice(bytes);
      this.#manifests.set(manifest.artifact, manifest);
    }
    return result;
  }

  /** All published slices. */
  async list(): Promise<PublishedSlice[]> {
    const slices: PublishedSlice[] = [];
    for (const artifact of this.#artifacts()) {
      const file = await this.file(repositoryPath(parseCoordinates(artifact)));
      slices.push({ artifact, bytes: file.bytes.length, sha256: file.sha256 });
    }
    return slices;
  }

  #artifacts(): string[] {
    return this.#repository.list("", Number.MAX_SAFE_INTEGER).flatMap((path) => {
      const parsed = path.endsWith(sliceExtension) ? parseRepositoryPath(path) : undefined;
      return parsed === undefined ? [] : [formatCoordinates(parsed.coordinates)];
    });
  }
}
