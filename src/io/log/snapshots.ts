/**
 * Snapshot files: the whole state at one place of the log, so that older records can go.
 *
 * A file is `"AETHSNP" | u8 version | u64 index | u64 body length | SHA-256 | body`, the hash over
 * everything else. It is written whole or not at all; two are kept, so that a damaged newest one is
 * no disaster. It knows nothing of what the body means.
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../../base/codec.ts";
import { AetherError } from "../../base/errors.ts";
import type { Storage } from "../../base/storage.ts";
import { unknownFormat } from "./segment.ts";

/** The format that this version writes; it reads the same. */
const SNAPSHOT_VERSION = 1;

const MAGIC = new TextEncoder().encode("AETHSNP");
const HASH_BYTES = 32;
const PREFIX_BYTES = MAGIC.length + 1 + 8 + 8;
const HEADER_BYTES = PREFIX_BYTES + HASH_BYTES;
const NAME_PATTERN = /^snap-(\d{16})\.bin$/;
const KEPT = 2;
const DEFAULT_MAX_BODY_BYTES = 1024 * 1024 * 1024;

/** A state and its place in the log. */
export interface Snapshot {
  /** Index of the last log record that the state contains. */
  readonly index: number;
  readonly body: Uint8Array;
}

/** What {@link Snapshots.load} found. */
export interface LoadedSnapshot {
  /** The newest whole one; undefined when there is none. */
  readonly snapshot: Snapshot | undefined;
  /** Files that are newer and damaged; a reason for an alarm. */
  readonly damaged: readonly string[];
}

/** Whether a file of a storage is a snapshot. */
export function isSnapshotName(name: string): boolean {
  return NAME_PATTERN.test(name);
}

/**
 * The snapshots of one storage.
 *
 * @example
 * ```ts
 * import { Snapshots } from "./snapshots.ts";
 * import { MemoryStorage } from "../../base/storage.ts";
 * const snapshots = new Snapshots(new MemoryStorage());
 * await snapshots.save({ index: 12, body: Uint8Array.of(1, 2) });
 * console.assert((await snapshots.load()).snapshot?.index === 12);
 * ```
 */
export class Snapshots {
  readonly #storage: Storage;
  readonly #maxBodyBytes: number;

  /** Bodies beyond `maxBodyBytes`, by default 1 GiB, are refused. */
  constructor(storage: Storage, maxBodyBytes = DEFAULT_MAX_BODY_BYTES) {
    this.#storage = storage;
    this.#maxBodyBytes = maxBodyBytes;
  }

  /**
   * Writes a snapshot durably and removes all but the two newest.
   *
   * @returns index of the older one of the two that are kept, 0 while there is one only: records up
   *   to it are no longer needed, even if the newest file gets damaged.
   * @throws {AetherError} STORE_FULL beyond the limit, STORAGE_FAILED when the disk fails.
   */
  async save(snapshot: Snapshot): Promise<number> {
    const { index, body } = snapshot;
    if (body.length > this.#maxBodyBytes) {
      throw new AetherError(
        "STORE_FULL",
        `Snapshot of ${body.length} bytes exceeds the limit of ${this.#maxBodyBytes}`,
      );
    }
    const prefix = new ByteWriter(PREFIX_BYTES).raw(MAGIC).u8(SNAPSHOT_VERSION).u64(index)
      .u64(body.length).take();
    const hash = await hashOf(prefix, body);
    await this.#storage.writeAtomic(nameOf(index), [prefix, hash, body]);
    const indexes = await this.#indexes();
    for (const old of indexes.slice(0, -KEPT)) await this.#storage.remove(nameOf(old));
    return indexes.at(-KEPT) ?? 0;
  }

  /**
   * The newest snapshot that is whole.
   *
   * @throws {AetherError} STORAGE_FORMAT when a newer one has an unknown version: going on from an
   *   older state would hide it.
   */
  async load(): Promise<LoadedSnapshot> {
    const damaged: string[] = [];
    for (const index of (await this.#indexes()).reverse()) {
      const name = nameOf(index);
      const snapshot = await this.#read(name, index);
      if (snapshot !== undefined) return { snapshot, damaged };
      damaged.push(name);
    }
    return { snapshot: undefined, damaged };
  }

  /** The snapshot of a file, or undefined when the file is damaged. */
  async #read(name: string, index: number): Promise<Snapshot | undefined> {
    const bytes = await this.#storage.read(name);
    if (bytes === undefined || bytes.length < HEADER_BYTES) return undefined;
    const reader = new ByteReader(bytes);
    if (reader.raw(MAGIC.length).some((byte, i) => byte !== MAGIC[i])) return undefined;
    const version = reader.u8();
    if (version !== SNAPSHOT_VERSION) throw unknownFormat(name, version, SNAPSHOT_VERSION);
    const hash = bytes.subarray(PREFIX_BYTES, HEADER_BYTES);
    const body = bytes.subarray(HEADER_BYTES);
    const expected = await hashOf(bytes.subarray(0, PREFIX_BYTES), body);
    if (hash.some((byte, i) => byte !== expected[i])) return undefined;
    if (reader.u64() !== index || reader.u64() !== body.length) return undefined;
    return { index, body };
  }

  /** Indexes of all snapshot files, oldest first. */
  async #indexes(): Promise<number[]> {
    const matches = (await this.#storage.list()).map((name) => NAME_PATTERN.exec(name));
    return matches.filter((match) => match !== null).map((match) => Number(match[1]));
  }
}

function nameOf(index: number): string {
  return `snap-${String(index).padStart(16, "0")}.bin`;
}

/** SHA-256 over the prefix and the hash of the body, so that a large body is not copied. */
async function hashOf(prefix: Uint8Array, body: Uint8Array): Promise<Uint8Array> {
  const inner = new Uint8Array(await crypto.subtle.digest("SHA-256", body as BufferSource));
  const outer = new ByteWriter(PREFIX_BYTES + HASH_BYTES).raw(prefix).raw(inner).take();
  return new Uint8Array(await crypto.subtle.digest("SHA-256", outer));
}
