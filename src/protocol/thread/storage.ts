/**
 * Messages of the storage thread with the supervisor, and what control tells it.
 *
 * Questions of control and the resources thread travel on lines of their own
 * (`src/io/thread/thread_line.ts`), whose topics belong to the services of the thread; the gateway
 * takes calls of slices, see `internal_calls.ts`.
 *
 * @module
 */
import type { Problem } from "../../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { View } from "../dht/view.ts";
import type { Heartbeat } from "./threads.ts";

/** The threads that have a line to the storage thread. */
export type StorageUser = "control" | "gateway" | "resources";

/** supervisor -> storage. */
export type ToStorage =
  | Heartbeat
  | { readonly type: "start"; readonly config: Config }
  | { readonly type: "config"; readonly config: Config }
  /** The line to another thread, at its start and after each restart of either. */
  | { readonly type: "line"; readonly user: StorageUser; readonly port: MessagePort }
  /** Close what is open; nothing is asked any more. */
  | { readonly type: "stop" };

/** storage -> supervisor. */
export type FromStorage =
  | Heartbeat
  /** Address for other storage threads, "" when the node takes none. */
  | { readonly type: "listening"; readonly storage: string }
  | { readonly type: "failed"; readonly problem: Problem }
  | { readonly type: "stopped" };

/** A node with a storage thread. */
export interface StorageMember {
  readonly id: string;
  /** `host:port` of its storage port; "" when it takes no links. */
  readonly address: string;
  /** Whether it is believed to be up. */
  readonly isAlive: boolean;
}

/** The members of the cluster as control knows them; the node itself is one. */
export interface StorageTopology {
  /** Revision of the store at which this was true; never goes back. */
  readonly revision: number;
  /** Id of the cluster: storage threads of other clusters are refused. */
  readonly cluster: string;
  readonly members: readonly StorageMember[];
  /** Who holds the data of the DHT; undefined before that was decided for the first time. */
  readonly view: View | undefined;
}

/** Topic on which control tells the {@link StorageTopology}. */
export const topologyTopic = "topology";
