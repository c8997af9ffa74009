/**
 * {@link NodeArtifacts}: the repository, the slices in it and what is left of a former release, put
 * together for one node.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { toAetherError } from "../../base/errors.ts";
import { MemoryStorage, type Storage } from "../../base/storage.ts";
import { FileStorage } from "../../io/file_storage.ts";
import type { ThreadLine } from "../../io/thread/thread_line.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { SliceCatalog } from "../control/catalog.ts";
import { instanceId, storedInstances } from "../control/views.ts";
import { DhtMembershipWriter } from "../storage/dht_membership.ts";
import { DhtViews } from "../storage/dht_views.ts";
import { TopologyFeed } from "../storage/topology_feed.ts";
import { parseCoordinates, repositoryPath } from "../../protocol/coordinates.ts";
import type { DownloadView } from "../../protocol/slice/call_figures.ts";
import { Downloads } from "./downloads.ts";
import { FormerArtifacts } from "./former.ts";
import { parsePath } from "../../protocol/storage/repository_path.ts";
import { madeFile, type OpenedFile } from "./opened_file.ts";
import { Repository } from "./repository.ts";

const carryOverRetryMs = 5_000;

/** What it needs. */
export interface NodeArtifactsOptions {
  readonly config: Config;
  readonly cluster: Cluster;
  /** The line to the storage thread. */
  readonly line: ThreadLine;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A node's artifacts. */
export class NodeArtifacts {
  readonly repository: Repository;
  readonly catalog: SliceCatalog;
  readonly former: FormerArtifacts;
  /** What the leader does for the DHT. */
  readonly duty: DhtViews;
  readonly #options: NodeArtifactsOptions;
  /** Where a former release kept artifacts. */
  readonly #storage: Storage;
  readonly #membership: DhtMembershipWriter;
  readonly #downloads: Downloads;
  #timer: Timer | undefined;
  #closed = false;

  private constructor(
    options: NodeArtifactsOptions,
    former: FormerArtifacts,
    storage: Storage,
  ) {
    this.#storage = storage;
    const { config, cluster: { store }, line, clock } = options;
    const node = config.node.id;
    this.#options = options;
    this.former = former;
    this.repository = new Repository({ node, store, storage: line, wallMs: () => clock.wallMs() });
    this.catalog = new SliceCatalog({ repository: this.repository, former, store });
    this.duty = new DhtViews(store, options.log);
    this.#membership = new DhtMembershipWriter({ node, store, line, clock });
    this.#downloads = new Downloads(line);
  }

  /** Opens what a former release has left. */
  static async open(options: NodeArtifactsOptions): Promise<NodeArtifacts> {
    const { config: { node: { id: node, dataDir } }, cluster } = options;
    const storage = dataDir === undefined
      ? new MemoryStorage()
      : await FileStorage.open(`${dataDir}/artifacts`);
    const isAlive = (other: string) => cluster.isAlive(other);
    const { asks } = cluster;
    const former = await FormerArtifacts.open({ node, storage, asks, isAlive });
    return new NodeArtifacts(options, former, storage);
  }

  /** Tells the storage thread who the members are, and carries over what is left. */
  start(): void {
    new TopologyFeed(this.#options.line, this.#options.cluster);
    if (this.former.paths.length > 0) this.#carryOver();
  }

  /** How much of their slices has come, by id of the instances here that wait for them. */
  get downloads(): ReadonlyMap<string, DownloadView> {
    const { config, cluster } = this.#options;
    const found = new Map<string, DownloadView>();
    for (const { value } of storedInstances(cluster.store.state)) {
      const { node, artifact, number, state } = value;
      if (node !== config.node.id || state !== "DOWNLOADING") continue;
      const record = this.repository.record(repositoryPath(parseCoordinates(artifact)))?.value;
      const progress = record && this.#downloads.of(record.sha256);
      if (progress === undefined) continue;
      const { bytes, sizeBytes } = progress;
      found.set(instanceId(node, artifact, number), { bytes, sizeBytes });
    }
    return found;
  }

  /** A file that a former release left here, or a checksum of one. */
  async formerFile(path: string): Promise<OpenedFile | undefined> {
    const parsed = parsePath(path);
    const bytes = parsed?.kind === "file" ? await this.former.file(parsed.path) : undefined;
    if (bytes === undefined) return undefined;
    const file = madeFile(bytes);
    const { checksum } = parsed ?? {};
    return checksum === undefined ? file : madeFile(new TextEncoder().encode(file[checksum]));
  }

  /** Ends the line to the storage thread. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#membership.close();
    this.#options.line.close();
    await this.#storage.close();
  }

  async #carryOver(): Promise<void> {
    const { log, clock } = this.#options;
    try {
      const files = await this.former.carryOver(this.repository);
      log.info("The artifacts of the former release were carried over", { files });
    } catch (error) {
      log.info("Artifacts of the former release are still to be carried over", {
        reason: toAetherError(error).message,
      });
      if (this.#closed) return;
      this.#timer = clock.setTimer(carryOverRetryMs, () => {
        this.#carryOver();
      });
    }
  }
}
