/**
 * The artifact repository of one node: files under Maven-style paths that never change.
 *
 * Contents are stored once, under their SHA-256, and an index record names them; both are checked
 * when they are read. It lives in any {@link Storage}, so it is durable with a data directory and
 * in memory without one. Slices are opened before they are taken. Used by the /repository routes
 * and by the node, which resolves and loads slices from it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { AetherError } from "../base/errors.ts";
import type { Storage } from "../base/storage.ts";
import {
  artifactBase,
  compareVersions,
  formatCoordinates,
  parseRepositoryPath,
  repositoryPath,
  satisfies,
} from "../protocol/coordinates.ts";
import { limits } from "../protocol/limits.ts";
import type { Manifest } from "../protocol/slice/manifest.ts";
import { checksumsOf } from "./checksums.ts";
import { type OpenedSlice, openSlice, openSliceInTurns, sha256 } from "./package.ts";

/** Options of {@link ArtifactRepository.open}. */
export interface RepositoryOptions {
  /** All contents together, in bytes. @default {4 GiB} */
  readonly limitBytes?: number;
}

/** What a put did. */
export interface PutResult {
  /** `same`: the path already held these bytes. */
  readonly status: "created" | "same";
  readonly sha256: string;
  /** What should be told to the publisher. */
  readonly warnings: readonly string[];
}

/** A file of the repository. */
export interface RepositoryFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Checksums in lower-case hex. */
  readonly sha256: string;
  readonly sha1: string;
  readonly md5: string;
  readonly contentType: string;
  /** For the ETag header, with its quotes. */
  readonly etag: string;
}

const recordSchema = z.strictObject({
  path: z.string(),
  sizeBytes: z.int().min(0),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  sha1: z.string().regex(/^[0-9a-f]{40}$/),
  md5: z.string().regex(/^[0-9a-f]{32}$/),
});
type IndexRecord = z.output<typeof recordSchema>;

const contentTypes: Readonly<Record<string, string>> = {
  slice: "application/zip",
  json: "application/json",
  toml: "application/toml",
  xml: "application/xml",
  md: "text/plain; charset=utf-8",
  txt: "text/plain; charset=utf-8",
};
const checksumPattern = /^(.+)\.(md5|sha1|sha256)$/;
const filePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

/** Immutable files by path. One owner per storage. */
export class ArtifactRepository {
  /** Index records that could not be read when the repository was opened. */
  readonly problems: readonly string[];
  readonly #storage: Storage;
  readonly #limitBytes: number;
  readonly #records: Map<string, IndexRecord>;
  /** SHA-256 of all contents that records name. */
  readonly #blobs = new Set<string>();
  #usedBytes = 0;
  #lastPut: Promise<unknown> = Promise.resolve();

  private constructor(
    storage: Storage,
    limitBytes: number,
    found: { readonly records: Map<string, IndexRecord>; readonly problems: readonly string[] },
  ) {
    this.#storage = storage;
    this.#limitBytes = limitBytes;
    this.#records = found.records;
    this.problems = found.problems;
    for (const record of found.records.values()) this.#count(record);
  }

  /**
   * Opens a repository: reads the index, and removes contents that no record names, which a crash
   * between the two writes of a put leaves behind.
   *
   * @throws {AetherError} STORAGE_FAILED
   * @example
   * ```ts
   * import { MemoryStorage } from "../base/storage.ts";
   * import { ArtifactRepository } from "./repository.ts";
   * const repository = await ArtifactRepository.open(new MemoryStorage());
   * const path = "org/example/echo/1.0.0/echo-1.0.0.txt";
   * await repository.put(path, new TextEncoder().encode("hello"));
   * console.assert(repository.exists(path) && repository.exists(`${path}.sha1`));
   * ```
   */
  static async open(
    storage: Storage,
    options: RepositoryOptions = {},
  ): Promise<ArtifactRepository> {
    const records = new Map<string, IndexRecord>();
    const problems: string[] = [];
    const names = await storage.list();
    for (const name of names.filter((candidate) => candidate.startsWith("index-"))) {
      const record = parseRecord(name, await storage.read(name));
      if (record === undefined) problems.push(`${name} is damaged; publish its artifact again`);
      else records.set(record.path, record);
    }
    // A damaged record may be the only one that names some contents: keep everything then.
    if (problems.length === 0) {
      const named = new Set(records.values().map((record) => blobName(record.sha256)));
      const orphans = names.filter((name) => name.startsWith("blob-") && !named.has(name));
      for (const name of orphans) await storage.remove(name);
    }
    const limitBytes = options.limitBytes ?? 4 * 1024 ** 3;
    return new ArtifactRepository(storage, limitBytes, { records, problems });
  }

  /**
   * Stores a file. A path that ends in `.md5`, `.sha1` or `.sha256` stores nothing: it compares.
   * The bytes must not change meanwhile; `opened` is what they hold, if that is known.
   *
   * @throws {AetherError} COORDINATES_INVALID for a path that names no artifact, ARTIFACT_INVALID
   * or ENVELOPE_UNSUPPORTED for a bad slice or a wrong checksum, ARTIFACT_TOO_LARGE,
   * ARTIFACT_EXISTS when the path holds other bytes, STORE_FULL, STORAGE_FAILED.
   */
  async put(path: string, bytes: Uint8Array, opened?: OpenedSlice): Promise<PutResult> {
    const checksum = checksumPattern.exec(path);
    if (checksum !== null) return this.#compare(checksum[1] ?? "", checksum[2] ?? "", bytes);
    if (bytes.length > limits.artifactBytes) {
      throw new AetherError(
        "ARTIFACT_TOO_LARGE",
        `"${path}" has ${bytes.length} bytes; the limit is ${limits.artifactBytes}`,
      );
    }
    const warnings = await checkContent(path, bytes, opened);
    const sizeBytes = bytes.length;
    const record: IndexRecord = { path, sizeBytes, ...await checksumsOf(bytes) };
    // One after the other, so that of two different puts to a path one is refused.
    const put = this.#lastPut.catch(() => {}).then(() => this.#write(record, bytes));
    this.#lastPut = put;
    return { status: await put, sha256: record.sha256, warnings };
  }

  /**
   * A file, or a checksum of one; verified before it is answered.
   *
   * @throws {AetherError} ARTIFACT_NOT_FOUND, STORAGE_CORRUPT when its bytes have changed on disk,
   * STORAGE_FAILED.
   */
  async get(path: string): Promise<RepositoryFile> {
    const record = this.#records.get(path);
    if (record !== undefined) {
      return describe(path, await this.#read(record), record);
    }
    const [, target = "", kind = ""] = checksumPattern.exec(path) ?? [];
    const named = this.#records.get(target);
    if (named === undefined) throw notFound(path);
    const bytes = new TextEncoder().encode(named[kind as "md5" | "sha1" | "sha256"]);
    return describe(`${path}.txt`, bytes, {
      sha256: sha256(bytes),
      sha1: createHash("sha1").update(bytes).digest("hex"),
      md5: createHash("md5").update(bytes).digest("hex"),
    });
  }

  /** Whether `get` would find the path. */
  exists(path: string): boolean {
    return this.#records.has(path) || this.#records.has(checksumPattern.exec(path)?.[1] ?? "");
  }

  /** Paths that start with a prefix, in order, without checksums; at most `limit`. */
  list(prefix = "", limit: number = limits.listMax): string[] {
    return [...this.#records.keys()].filter((path) => path.startsWith(prefix)).sort()
      .slice(0, limit);
  }

  /** Versions of a slice such as `org.example:echo`, oldest first. */
  versions(base: string): string[] {
    const versions: string[] = [];
    for (const path of this.#records.keys()) {
      const { coordinates } = parseRepositoryPath(path) ?? {};
      if (coordinates === undefined || artifactBase(coordinates) !== base) continue;
      if (repositoryPath(coordinates) === path) versions.push(coordinates.version);
    }
    return versions.sort(compareVersions);
  }

  /**
   * The manifest of the newest version of a slice in a range such as `^1.0.0`.
   *
   * @throws {AetherError} DEPENDENCY_MISSING naming the versions that exist; errors of `get`.
   */
  async resolve(base: string, range: string): Promise<Manifest> {
    const versions = this.versions(base);
    const version = versions.findLast((candidate) => satisfies(candidate, range));
    if (version === undefined) {
      const known = versions.length === 0
        ? "nothing is published under this name"
        : `published are ${versions.slice(-10).join(", ")}`;
      throw new AetherError("DEPENDENCY_MISSING", `No version of ${base} is in ${range}: ${known}`);
    }
    const [group = "", name = ""] = base.split(":");
    const { bytes } = await this.get(repositoryPath({ group, name, version }));
    return openSlice(bytes).manifest;
  }

  async #write(record: IndexRecord, bytes: Uint8Array): Promise<PutResult["status"]> {
    const existing = this.#records.get(record.path);
    if (existing !== undefined && existing.sha256 !== record.sha256) {
      throw new AetherError(
        "ARTIFACT_EXISTS",
        `"${record.path}" is already published with SHA-256 ${existing.sha256}, not ` +
          record.sha256,
      );
    }
    const isKnown = this.#blobs.has(record.sha256);
    // A publisher who comes again repairs what a disk has damaged.
    if (!isKnown || !await this.#isWhole(record)) {
      const addedBytes = isKnown ? 0 : record.sizeBytes;
      if (this.#usedBytes + addedBytes > this.#limitBytes) {
        throw new AetherError(
          "STORE_FULL",
          `"${record.path}" has ${record.sizeBytes} bytes, but the repository holds ` +
            `${this.#usedBytes} of at most ${this.#limitBytes}`,
          { hint: "Give the repository's disk more room, or start with a new data directory" },
        );
      }
      await this.#storage.writeAtomic(blobName(record.sha256), [bytes]);
    }
    if (existing !== undefined) return "same";
    const text = new TextEncoder().encode(JSON.stringify(record));
    await this.#storage.writeAtomic(recordName(record.path), [text]);
    this.#count(record);
    this.#records.set(record.path, record);
    return "created";
  }

  #compare(target: string, kind: string, bytes: Uint8Array): PutResult {
    const record = this.#records.get(target);
    if (record === undefined) throw notFound(target);
    const expected = record[kind as "md5" | "sha1" | "sha256"];
    // Some tools write the file's name behind the checksum.
    const given = new TextDecoder().decode(bytes.subarray(0, 1024)).trim().split(/\s+/)[0] ?? "";
    if (given.toLowerCase() === expected) {
      return { status: "same", sha256: record.sha256, warnings: [] };
    }
    throw new AetherError(
      "ARTIFACT_INVALID",
      `The ${kind} of "${target}" is ${expected}, not "${given.slice(0, 64)}"`,
      { hint: "The file arrived damaged or was changed: upload it again" },
    );
  }

  async #read(record: IndexRecord): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#storage.read(blobName(record.sha256));
    const actual = bytes && (await checksumsOf(bytes)).sha256;
    if (bytes !== undefined && actual === record.sha256) return bytes;
    const what = bytes === undefined ? "missing" : "damaged";
    throw new AetherError(
      "STORAGE_CORRUPT",
      `The contents of "${record.path}" are ${what} in ${this.#storage.location}: expected ` +
        `SHA-256 ${record.sha256}`,
      { hint: "Publish the same artifact again, which repairs it" },
    );
  }

  async #isWhole(record: IndexRecord): Promise<boolean> {
    const bytes = await this.#storage.read(blobName(record.sha256));
    return bytes !== undefined && sha256(bytes) === record.sha256;
  }

  #count(record: IndexRecord): void {
    if (this.#blobs.has(record.sha256)) return;
    this.#blobs.add(record.sha256);
    this.#usedBytes += record.sizeBytes;
  }
}

/** Checks that a path names an artifact and that a slice is the one it says. */
async function checkContent(
  path: string,
  bytes: Uint8Array,
  opened: OpenedSlice | undefined,
): Promise<readonly string[]> {
  const parsed = parseRepositoryPath(path);
  if (parsed === undefined || !filePattern.test(parsed.file)) {
    throw new AetherError(
      "COORDINATES_INVALID",
      `"${
        path.slice(0, 512)
      }" names no artifact: write group/parts/name/version/name-version.slice`,
      { hint: "For example org/example/echo/1.0.0/echo-1.0.0.slice" },
    );
  }
  const { coordinates, file } = parsed;
  if (!file.endsWith(".slice")) return [];
  const { manifest, warnings } = opened ?? await openSliceInTurns(bytes);
  const expected = formatCoordinates(coordinates);
  if (manifest.artifact !== expected || repositoryPath(coordinates) !== path) {
    throw new AetherError(
      "ARTIFACT_INVALID",
      `The slice is ${manifest.artifact}, but its path "${path}" is that of another artifact`,
      { hint: "Publish it with `aether slice publish`, which knows the path" },
    );
  }
  return warnings;
}

function describe(
  path: string,
  bytes: Uint8Array<ArrayBuffer>,
  sums: { readonly sha256: string; readonly sha1: string; readonly md5: string },
): RepositoryFile {
  const extension = path.slice(path.lastIndexOf(".") + 1);
  return {
    bytes,
    sha256: sums.sha256,
    sha1: sums.sha1,
    md5: sums.md5,
    contentType: contentTypes[extension] ?? "application/octet-stream",
    etag: `"${sums.sha256}"`,
  };
}

function parseRecord(name: string, bytes: Uint8Array | undefined): IndexRecord | undefined {
  try {
    const record = recordSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return recordName(record.path) === name ? record : undefined;
  } catch {
    // The caller reports it and goes on with the others.
    return undefined;
  }
}

function blobName(hash: string): string {
  return `blob-${hash}`;
}

function recordName(path: string): string {
  return `index-${sha256(new TextEncoder().encode(path))}.json`;
}

function notFound(path: string): AetherError {
  return new AetherError("ARTIFACT_NOT_FOUND", `"${path.slice(0, 512)}" is not in the repository`);
}
