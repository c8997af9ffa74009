/**
 * {@link NodeProvider}: who starts and stops whole nodes, so that the cluster keeps its size.
 *
 * @module
 */

/** A node that is to be started. */
export interface NodeOrder {
  readonly node: string;
  /** `host:port` where other nodes will reach it, from {@link NodeProvider.place}. */
  readonly address: string;
  /** Lets the node have a certificate; undefined in a cluster without. */
  readonly token?: string | undefined;
  /** Nodes of the cluster, `id:host:port`. */
  readonly peers: readonly string[];
}

/** Starts and stops nodes. */
export interface NodeProvider {
  /** Where a new node will be: it is let into the cluster before it exists. */
  place(node: string): Promise<string>;
  /** Starts a node, and does not wait until it serves. */
  start(order: NodeOrder): Promise<void>;
  /**
   * Ends a node that was put out of the cluster; nothing happens when it does not exist. A node
   * also ends by itself when it learns that it was put out.
   */
  stop(node: string): Promise<void>;
}
