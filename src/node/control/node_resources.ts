/**
 * The resources of the cluster's nodes, as control knows them: its own from the resources thread,
 * those of others by asking.
 *
 * @module
 */
import { keys } from "../../protocol/keys.ts";
import type { ResourceView } from "../../protocol/thread/resources.ts";
import {
  type LocalLocks,
  localStoreAccess,
  serveStoreAccess,
} from "../../resource/store_access.ts";
import type { Asks } from "../cluster/asks.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { storedValues } from "./views.ts";

const topic = "resources";
const askTimeoutMs = 2_000;

/** What it needs. */
export interface NodeResourcesOptions {
  readonly node: string;
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "readBarrier">;
  readonly locks: LocalLocks;
  readonly cluster: {
    readonly asks: Pick<Asks, "ask" | "handle">;
    isAlive(node: string): boolean;
  };
}

/** The resources of every node that answered. */
export interface ClusterResources {
  readonly nodes: { readonly node: string; readonly resources: ResourceView[] }[];
  readonly silent: string[];
}

/** Connects the resources thread with the store, and knows what it has. */
export class NodeResources {
  readonly #options: NodeResourcesOptions;
  #port: MessagePort | undefined;
  #views: readonly ResourceView[] = [];

  constructor(options: NodeResourcesOptions) {
    this.#options = options;
    options.cluster.asks.handle(
      topic,
      () => Promise.resolve(new TextEncoder().encode(JSON.stringify(this.#views))),
    );
  }

  /** Connects the resources thread, and after its restart again. */
  connect(port: MessagePort): void {
    this.close();
    const { store, locks } = this.#options;
    this.#port = serveStoreAccess(port, localStoreAccess(store, locks), (resources) => {
      this.#views = resources;
    });
  }

  /** Serves nothing any more. */
  close(): void {
    this.#port?.close();
    this.#views = [];
  }

  /** Those of all nodes; a node that is down or does not answer in time is only named. */
  async all(): Promise<ClusterResources> {
    const { node: self, store, cluster } = this.#options;
    const members = storedValues(store.state, keys.member).map(({ value }) => value.id);
    const found = await Promise.all(members.map(async (node) => {
      if (node === self) return { node, resources: [...this.#views] };
      const resources = cluster.isAlive(node) ? await this.#ask(node) : undefined;
      return { node, resources };
    }));
    return {
      nodes: found.flatMap(({ node, resources }) =>
        resources === undefined ? [] : [{ node, resources }]
      ),
      silent: found.filter(({ resources }) => resources === undefined).map(({ node }) => node),
    };
  }

  async #ask(node: string): Promise<ResourceView[] | undefined> {
    try {
      const answer = await this.#options.cluster.asks.ask(
        node,
        topic,
        new Uint8Array(),
        askTimeoutMs,
      );
      return JSON.parse(new TextDecoder().decode(answer)) as ResourceView[];
    } catch {
      return undefined;
    }
  }
}
