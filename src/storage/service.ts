/**
 * What runs in the storage thread, and how to put another service there.
 *
 * The storage thread holds whatever a node keeps for others beside the replicated store: pieces of
 * artifacts, entries of the distributed hash table, segments of topics. Each of these is a
 * {@link StorageService}: a factory that is given the thread's {@link StorageHost} (the
 * configuration with the data directory, the links to the storage threads of other nodes on port
 * 8092, the lines to control and the resources thread, calls of slices through the gateway) and
 * answers what the thread must call.
 *
 * To add one: write the factory in a module of its own, register topics on `host.peers` and
 * `host.lines` under names that begin with the service's name, and add it to the list in
 * `services.ts`. Services start in that order and are closed in the opposite one. The
 * thread is restarted when it dies: what is not on disk is gone, and lines and topology come again.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { GatewayCalls } from "../io/calls/gateway_calls.ts";
import type { ThreadLine } from "../io/thread/thread_line.ts";
import type { Config } from "../protocol/config/config.ts";
import type { StorageTopology } from "../protocol/thread/storage.ts";
import type { Logger } from "../sdk/logger.ts";
import type { StoragePeers } from "./peers.ts";

/** What a service gets from the thread. */
export interface StorageHost {
  readonly node: string;
  /** The configuration as it is now. */
  readonly config: () => Config;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The storage threads of other nodes. */
  readonly peers: StoragePeers;
  /** The other threads of this node. */
  readonly lines: Readonly<Record<"control" | "resources", ThreadLine>>;
  /** Calls methods of slices. */
  readonly calls: GatewayCalls;
  /** The members as last heard; none before control has told them. */
  readonly topology: () => StorageTopology;
}

/** A part of the storage thread. */
export interface StorageService {
  /** Control has told other members; also when only one's address or life has changed. */
  onTopology?(topology: StorageTopology): void;
  /** Finishes what is under way and closes files. */
  close(): Promise<void>;
}

/** Opens a service; topics are registered when it resolves. */
export type OpenStorageService = (host: StorageHost) => Promise<StorageService>;
