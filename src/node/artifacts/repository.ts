/**
 * {@link Repository}: the files of the cluster's artifact repository, as control sees them.
 *
 * Which files there are, stands in the replicated store; their bytes are the storage thread's
 * business. A file appears when all its chunks are stored, through a compare-and-set, and never
 * changes afterwards.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import { collectionKey, keys } from "../../protocol/keys.ts";
import {
  type ArtifactTopics,
  type FileRange,
  type FileRecord,
  isCollecting,
  type StagedFile,
} from "../../protocol/storage/artifacts.ts";
import {
  type ArtifactName,
  artifactPrefix,
  metadataFile,
  parsePath,
  type RepositoryPath,
  sliceEnding,
} from "../../protocol/storage/repository_path.ts";
import type { Operation } from "../../protocol/store/command.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { type Stored, storedValue, storedValues } from "../control/views.ts";
import { mavenMetadata } from "./maven_metadata.ts";
import { madeFile, type OpenedFile } from "./opened_file.ts";
import { requireSame, requireSamePath, sliceCommit } from "./slice_commit.ts";

const attemptsMax = 10;
const checksumBytesMax = 4 * 1024;

/** What a repository needs. */
export interface RepositoryOptions {
  readonly node: string;
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "readBarrier">;
  /** The line to the storage thread. */
  readonly storage: Pick<ThreadLine, "ask" | "guard">;
  wallMs(): number;
}

/** What a put did. */
export interface PutOutcome {
  /** `same`: the path already held these bytes, or its contents are made by the repository. */
  readonly status: "created" | "same";
  readonly sha256: string;
  /** Chunks that fewer nodes hold than should. */
  readonly underReplicated: number;
  readonly warnings: readonly string[];
}

/** A file with its record. */
export interface ListedFile extends FileRecord {
  readonly path: string;
}

/** Files by path. */
export class Repository {
  readonly #options: RepositoryOptions;

  constructor(options: RepositoryOptions) {
    this.#options = options;
  }

  /**
   * Stores a file, or compares a checksum; `failure` is why its stream failed, if it has.
   *
   * @throws {AetherError} COORDINATES_INVALID, ARTIFACT_INVALID, ARTIFACT_EXISTS,
   *   ENVELOPE_UNSUPPORTED, DHT_QUORUM, STORE_FULL, NOT_PROPOSED.
   */
  async put(path: string, stream: ReadableStream<Uint8Array>): Promise<PutOutcome> {
    const parsed = parsePath(path);
    if (parsed === undefined) throw badPath(path);
    if (parsed.checksum !== undefined) return await this.#compare(parsed, stream);
    if (parsed.kind === "metadata") return await this.#ignoreMetadata(parsed, stream);
    if (parsed.version.endsWith("-SNAPSHOT")) {
      throw new AetherError("COORDINATES_INVALID", `"${path}" is a snapshot, which would change`, {
        hint: "Publish releases: give every build a version of its own",
      });
    }
    const { revision: collected } = await this.#idle();
    const isSlice = path.endsWith(sliceEnding);
    const staged = await this.#ask("artifacts.upload", { stream, isSlice }, [stream]);
    const { slice } = staged;
    if (slice !== undefined) requireSamePath(slice.manifest, path);
    const status = await this.#commit(path, staged, collected);
    const { sha256, underReplicated } = staged;
    return { status, sha256, underReplicated, warnings: slice?.warnings ?? [] };
  }

  /**
   * Looks for something, once more when all that was written before now is known here: a node may
   * be a moment behind, and what is stored is never reported as absent.
   *
   * @throws {AetherError} NOT_PROPOSED when nothing was found and nobody can say whether it exists.
   */
  async known<T>(find: () => T | undefined): Promise<T | undefined> {
    const found = find();
    if (found !== undefined) return found;
    await this.#options.store.readBarrier();
    return find();
  }

  /** The record of a file; undefined when there is none. */
  record(path: string): Stored<FileRecord> | undefined {
    return storedValue(this.#options.store.state, keys.file, keys.file.key(path));
  }

  /**
   * A file, a checksum of one, or metadata.
   *
   * @throws {AetherError} ARTIFACT_NOT_FOUND
   */
  async get(path: string): Promise<OpenedFile> {
    const parsed = parsePath(path);
    if (parsed === undefined) throw notFound(path);
    if (parsed.kind === "file" && parsed.checksum === undefined) {
      const record = (await this.known(() => this.record(path)))?.value;
      if (record === undefined) throw notFound(path);
      return { ...record, open: (range) => this.#open(record, range) };
    }
    if (parsed.checksum !== undefined) {
      const target = await this.get(parsed.path).catch((error) => {
        throw error instanceof AetherError && error.name === "ARTIFACT_NOT_FOUND"
          ? notFound(path)
          : error;
      });
      return madeFile(new TextEncoder().encode(target[parsed.checksum]));
    }
    // A tool that has just deployed through another node wants to see its version.
    await this.#options.store.readBarrier();
    const text = this.#metadata(parsed);
    if (text === undefined) throw notFound(path);
    return madeFile(new TextEncoder().encode(text));
  }

  /** All bytes of a file, kept ready on this node. */
  bytes(record: FileRecord): Promise<Uint8Array<ArrayBuffer>> {
    return this.#ask("artifacts.bytes", { record });
  }

  /** Files whose path starts with a prefix, in the order of paths. */
  list(prefix = ""): ListedFile[] {
    return storedValues(this.#options.store.state, keys.file, keys.file.key(prefix))
      .map(({ key, value }) => ({ path: key.slice(keys.file.prefix.length), ...value }));
  }

  /** Versions of an artifact, in the order in which they came. */
  versions(artifact: ArtifactName): { readonly version: string; readonly storedAtMs: number }[] {
    const versions = new Map<string, number>();
    for (const { path, storedAtMs } of this.list(artifactPrefix(artifact))) {
      const parsed = parsePath(path);
      if (parsed?.kind !== "file" || parsed.name !== artifact.name) continue;
      if (parsed.group !== artifact.group) continue;
      const known = versions.get(parsed.version) ?? Infinity;
      versions.set(parsed.version, Math.min(known, storedAtMs));
    }
    return [...versions].map(([version, storedAtMs]) => ({ version, storedAtMs }))
      .sort((a, b) => a.storedAtMs - b.storedAtMs || (a.version < b.version ? -1 : 1));
  }

  /**
   * Deletes files; their chunks stay until they are collected.
   *
   * @throws {AetherError} ARTIFACT_NOT_FOUND when there is none of them.
   */
  async delete(paths: readonly string[], operations: readonly Operation[] = []): Promise<void> {
    const { store } = this.#options;
    await store.readBarrier();
    const present = paths.filter((path) => this.record(path) !== undefined);
    if (present.length === 0 && operations.length === 0) throw notFound(paths[0] ?? "");
    const then = [
      ...present.map((path) => ({ type: "delete", key: keys.file.key(path) }) as const),
      ...operations,
    ];
    await store.propose("node", { compare: [], then, otherwise: [] });
  }

  /** How whole a file is; asks every owner of its chunks. */
  async verify(path: string): Promise<ArtifactTopics["artifacts.verify"]["answer"]> {
    const record = (await this.known(() => this.record(path)))?.value;
    if (record === undefined) throw notFound(path);
    return await this.#ask("artifacts.verify", { record });
  }

  /** What this node's storage holds. */
  usage(): Promise<ArtifactTopics["artifacts.usage"]["answer"]> {
    return this.#ask("artifacts.usage", null);
  }

  /**
   * Removes chunks that no file names, or only counts them.
   *
   * @throws {AetherError} REVISION_CONFLICT while another node collects.
   */
  async collect(dryRun: boolean): Promise<ArtifactTopics["artifacts.collect"]["answer"]> {
    const { store } = this.#options;
    await store.readBarrier();
    if (dryRun) return await this.#ask("artifacts.collect", { indexes: this.#indexes(), dryRun });
    const { revision, isRunning } = await this.#collection();
    if (isRunning) throw new AetherError("REVISION_CONFLICT", "Another collection is running");
    const begun = await this.#writeCollection(revision, true);
    try {
      // After the write: what was committed before it is known, and nothing else will be.
      await store.readBarrier();
      return await this.#ask("artifacts.collect", { indexes: this.#indexes(), dryRun });
    } finally {
      await this.#writeCollection(begun, false);
    }
  }

  #indexes(): string[] {
    const { state } = this.#options.store;
    const blobs = storedValues(state, keys.blob).map(({ value }) => value.index);
    return [...this.list().map(({ index }) => index), ...blobs];
  }

  async #collection(): Promise<{ revision: number; isRunning: boolean }> {
    const { store, wallMs } = this.#options;
    await store.readBarrier();
    const known = storedValue(store.state, keys.collection, collectionKey);
    const isRunning = known !== undefined && isCollecting(known.value, wallMs());
    return { revision: known?.revision ?? 0, isRunning };
  }

  /** What an upload must see unchanged at its end, so that none of its chunks was collected. */
  async #idle(): Promise<{ revision: number }> {
    const { revision, isRunning } = await this.#collection();
    if (!isRunning) return { revision };
    throw new AetherError("NOT_PROPOSED", "Unused chunks are being collected: upload again", {
      hint: "Upload again in a moment",
    });
  }

  async #writeCollection(revision: number, isRunning: boolean): Promise<number> {
    const { store, node, wallMs } = this.#options;
    const applied = await store.propose("node", {
      compare: [{ key: collectionKey, revision }],
      then: [keys.collection.put(collectionKey, { node, startedAtMs: wallMs(), isRunning })],
      otherwise: [],
    });
    if (applied.succeeded) return applied.revision;
    throw new AetherError("REVISION_CONFLICT", "Another collection has begun");
  }

  /** Makes a staged file visible. */
  async #commit(
    path: string,
    staged: StagedFile,
    collected: number,
  ): Promise<PutOutcome["status"]> {
    const { store, wallMs } = this.#options;
    const { slice, underReplicated: _, ...sums } = staged;
    const key = keys.file.key(path);
    const record: FileRecord = { ...sums, storedAtMs: wallMs() };
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const known = this.record(path);
      if (known !== undefined) {
        requireSame(path, known.value.sha256, staged.sha256);
        return "same";
      }
      const published = slice && sliceCommit(store.state, slice.manifest, staged);
      const applied = await store.propose("node", {
        compare: [
          { key, revision: 0 },
          { key: collectionKey, revision: collected },
          ...published?.compare ?? [],
        ],
        then: [keys.file.put(key, record), ...published?.then ?? []],
        otherwise: [],
      });
      if (applied.succeeded) return "created";
      if ((await this.#collection()).revision !== collected) {
        throw new AetherError("NOT_PROPOSED", "Unused chunks were collected during the upload", {
          hint: "Upload the file again: nothing was published",
        });
      }
    }
    throw new AetherError("NOT_PROPOSED", `The record of "${path}" keeps changing`);
  }

  async #open(record: FileRecord, range?: FileRange): Promise<ReadableStream<Uint8Array>> {
    const stream = await this.#ask("artifacts.read", { record, range });
    return this.#options.storage.guard(stream);
  }

  async #compare(
    parsed: RepositoryPath,
    stream: ReadableStream<Uint8Array>,
  ): Promise<PutOutcome> {
    const given = await smallText(stream);
    // Maven's own metadata is not kept, so its checksum is that of another text.
    const target = await this.get(parsed.path);
    const { sha256 } = target;
    const same = { status: "same", sha256, underReplicated: 0, warnings: [] } as const;
    if (parsed.kind === "metadata" || parsed.checksum === undefined) return same;
    const expected = target[parsed.checksum];
    // Some tools write the file's name behind the checksum.
    const word = given.trim().split(/\s+/)[0] ?? "";
    if (word.toLowerCase() === expected) return same;
    throw new AetherError(
      "ARTIFACT_INVALID",
      `The ${parsed.checksum} of "${parsed.path}" is ${expected}, not "${word.slice(0, 64)}"`,
      { hint: "The file arrived damaged or was changed: upload it again" },
    );
  }

  /** The repository makes its own metadata; what tools send is read and forgotten. */
  async #ignoreMetadata(
    parsed: Extract<RepositoryPath, { kind: "metadata" }>,
    stream: ReadableStream<Uint8Array>,
  ): Promise<PutOutcome> {
    for await (const _ of stream);
    const { sha256 } = await this.get(parsed.path);
    return { status: "same", sha256, underReplicated: 0, warnings: [] };
  }

  #metadata(artifact: ArtifactName): string | undefined {
    const versions = this.versions(artifact);
    return versions.length === 0 ? undefined : mavenMetadata(artifact, versions);
  }

  #ask<Topic extends keyof ArtifactTopics>(
    topic: Topic,
    body: ArtifactTopics[Topic]["ask"],
    transfer: Transferable[] = [],
  ): Promise<ArtifactTopics[Topic]["answer"]> {
    return this.#options.storage.ask(topic, body, transfer);
  }
}

async function smallText(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    if (text.length < checksumBytesMax) text += decoder.decode(chunk, { stream: true });
  }
  return text.slice(0, checksumBytesMax);
}

function badPath(path: string): AetherError {
  return new AetherError(
    "COORDINATES_INVALID",
    `"${path.slice(0, 512)}" names no artifact: write group/parts/name/version/name-version.slice`,
    { hint: `For example org/example/echo/1.0.0/echo-1.0.0.slice, or .../${metadataFile}` },
  );
}

function notFound(path: string): AetherError {
  return new AetherError("ARTIFACT_NOT_FOUND", `"${path.slice(0, 512)}" is not in the repository`);
}
