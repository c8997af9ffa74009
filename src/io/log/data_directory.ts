/**
 * {@link DataDirectory}: a node's durable state as one thing: identity, snapshots and log.
 *
 * `meta.json` says in which format the directory is and to which cluster and node it belongs. A
 * directory without it must be empty of logs and snapshots: it is blank. The composition in
 * `src/node` opens it once, before anything else is started.
 *
 * @module
 */
import { crc32c } from "../../base/crc32.ts";
import { AetherError } from "../../base/errors.ts";
import type { Storage } from "../../base/storage.ts";
import { FileStorage } from "../file_storage.ts";
import { DurableLog, type DurableLogOptions } from "./durable_log.ts";
import { corrupt, type LogRecord, unknownFormat } from "./segment.ts";
import { isSegmentName } from "./segment_files.ts";
import { isSnapshotName, type Snapshot, Snapshots } from "./snapshots.ts";

/** The format of the directory as a whole that this version writes and reads. */
export const DATA_FORMAT_VERSION = 1;

/** The file with the identity. */
export const metaName = "meta.json";

/** Whose data it is. */
export interface DataIdentity {
  /** Drawn once when the cluster forms. */
  readonly clusterId: string;
  readonly nodeId: string;
}

/** The content of `meta.json`. */
export interface DataMeta extends DataIdentity {
  readonly formatVersion: number;
}

/** Options of {@link DataDirectory.open}. */
export interface DataDirectoryOptions {
  /** Refuses the directory of another node. Default: whichever node it belongs to. */
  readonly nodeId?: string;
  /** The identity for a blank directory. */
  readonly create: () => DataIdentity;
  /** Options of the log, but for what the directory decides. */
  readonly log?: Omit<DurableLogOptions, "logId" | "fromIndex">;
  /** Bytes of a snapshot's body. @default 1 GiB */
  readonly maxSnapshotBytes?: number;
}

/**
 * A node's data directory, open and owned.
 *
 * @example
 * ```ts
 * import { DataDirectory } from "./data_directory.ts";
 * import { MemoryStorage } from "../../base/storage.ts";
 * const data = await DataDirectory.open(new MemoryStorage(), {
 *   create: () => ({ clusterId: "c1", nodeId: "n1" }),
 * });
 * data.log.append(1, Uint8Array.of(1));
 * await data.saveSnapshot({ index: 1, body: Uint8Array.of(1) });
 * await data.close();
 * ```
 */
export class DataDirectory {
  readonly meta: DataMeta;
  readonly log: DurableLog;
  readonly snapshots: Snapshots;
  /** Snapshot files that were passed over because they are damaged. */
  readonly damaged: readonly string[];
  readonly #storage: Storage;
  #snapshot: Snapshot | undefined;
  #records: readonly LogRecord[];

  private constructor(storage: Storage, parts: DataDirectoryParts) {
    this.#storage = storage;
    this.meta = parts.meta;
    this.log = parts.log;
    this.snapshots = parts.snapshots;
    this.#snapshot = parts.snapshot;
    this.#records = parts.records;
    this.damaged = parts.damaged;
  }

  /**
   * Opens a directory, or a storage, and reads everything that a node starts from. A blank one gets
   * the identity that `create` gives.
   *
   * @throws {AetherError} STORAGE_LOCKED while another process has it; STORAGE_IDENTITY when it
   *   belongs to another node; STORAGE_FORMAT for a format of another version; STORAGE_CORRUPT for
   *   damage that may have lost something; FILE_UNREADABLE when this user cannot use it.
   */
  static async open(
    place: string | Storage,
    options: DataDirectoryOptions,
  ): Promise<DataDirectory> {
    const storage = typeof place === "string" ? await FileStorage.open(place) : place;
    try {
      return new DataDirectory(storage, await openParts(storage, options));
    } catch (thrown) {
      if (typeof place === "string") await storage.close();
      throw thrown;
    }
  }

  /** The state to start from; undefined in a young directory, and once released. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** The records to apply to it, in order; empty once released. */
  get records(): readonly LogRecord[] {
    return this.#records;
  }

  /** Frees the memory of snapshot and records: call it when they have been applied. */
  releaseReplay(): void {
    this.#snapshot = undefined;
    this.#records = [];
  }

  /**
   * Saves a state durably, then removes older snapshots and the log segments that none of the kept
   * ones needs. Records up to `snapshot.index` must have been appended.
   */
  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    await this.log.sync();
    const neededAfter = await this.snapshots.save(snapshot);
    await this.log.dropBefore(neededAfter + 1);
  }

  /** Syncs and closes the log and gives the directory free. */
  async close(): Promise<void> {
    try {
      await this.log.close();
    } finally {
      await this.#storage.close();
    }
  }
}

interface DataDirectoryParts {
  readonly meta: DataMeta;
  readonly log: DurableLog;
  readonly snapshots: Snapshots;
  readonly snapshot: Snapshot | undefined;
  readonly records: readonly LogRecord[];
  readonly damaged: readonly string[];
}

async function openParts(
  storage: Storage,
  options: DataDirectoryOptions,
): Promise<DataDirectoryParts> {
  const meta = await readMeta(storage) ?? await writeMeta(storage, options.create());
  if (options.nodeId !== undefined && options.nodeId !== meta.nodeId) {
    throw new AetherError(
      "STORAGE_IDENTITY",
      `Data directory "${storage.location}" belongs to node "${meta.nodeId}", ` +
        `not to "${options.nodeId}"`,
    );
  }
  const snapshots = new Snapshots(storage, options.maxSnapshotBytes);
  const { snapshot, damaged } = await snapshots.load();
  const appliedIndex = snapshot?.index ?? 0;
  const { log, records } = await DurableLog.open(storage, {
    ...options.log,
    logId: crc32c(new TextEncoder().encode(`${meta.clusterId}/${meta.nodeId}`)),
    fromIndex: appliedIndex + 1,
  });
  if (log.firstIndex > appliedIndex + 1 || log.nextIndex <= appliedIndex) {
    await log.close();
    const passedOver = damaged.length > 0 ? `; damaged snapshots: ${damaged.join(", ")}` : "";
    throw new AetherError(
      "STORAGE_CORRUPT",
      `Log in "${storage.location}" has records ${log.firstIndex} to ${log.nextIndex - 1}, ` +
        `which do not continue the snapshot at record ${appliedIndex}${passedOver}`,
    );
  }
  return { meta, log, snapshots, snapshot, records, damaged };
}

/**
 * The identity in a storage; undefined when it is blank.
 *
 * @throws {AetherError} STORAGE_CORRUPT when it is damaged, or missing beside a log; STORAGE_FORMAT
 *   when another version wrote it.
 */
export async function readMeta(storage: Storage): Promise<DataMeta | undefined> {
  const bytes = await storage.read(metaName);
  if (bytes === undefined) {
    const remains = (await storage.list()).find((name) =>
      isSegmentName(name) || isSnapshotName(name)
    );
    if (remains === undefined) return undefined;
    throw corrupt(metaName, 0, `it is missing, while "${remains}" exists`);
  }
  const meta = parseJson(bytes);
  if (typeof meta !== "object" || meta === null || !("formatVersion" in meta)) {
    throw corrupt(metaName, 0, "it has no formatVersion");
  }
  const { formatVersion } = meta;
  if (formatVersion !== DATA_FORMAT_VERSION) {
    throw unknownFormat(metaName, String(formatVersion), DATA_FORMAT_VERSION);
  }
  const { clusterId, nodeId } = meta as Partial<DataIdentity>;
  if (typeof clusterId !== "string" || typeof nodeId !== "string") {
    throw corrupt(metaName, 0, "clusterId and nodeId are not both text");
  }
  return { formatVersion, clusterId, nodeId };
}

/** Makes a blank storage that of a node. */
async function writeMeta(storage: Storage, identity: DataIdentity): Promise<DataMeta> {
  const { clusterId, nodeId } = identity;
  const meta = { formatVersion: DATA_FORMAT_VERSION, clusterId, nodeId };
  const text = JSON.stringify(meta, null, 2) + "\n";
  await storage.writeAtomic(metaName, [new TextEncoder().encode(text)]);
  return meta;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw corrupt(metaName, 0, "it is not JSON");
  }
}
