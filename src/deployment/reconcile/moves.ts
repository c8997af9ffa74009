/**
 * {@link Moves}: what each draining node may give away now.
 *
 * A drain moves one instance after the other, so that a cluster is never busy with the whole of a
 * node at once. While an instance of the node still unloads, the next one waits.
 *
 * @module
 */
import type { Instance } from "../targets.ts";
import type { NodeSituation } from "./model.ts";

/** The moves of one decision. */
export class Moves {
  readonly #free: Set<string>;

  constructor(nodes: readonly NodeSituation[], instances: readonly Instance[]) {
    const unloading = new Set(
      instances.filter(({ state }) => state === "UNLOADING").map(({ node }) => node),
    );
    this.#free = new Set(
      nodes.filter(({ id, lifecycle }) => lifecycle === "DRAINING" && !unloading.has(id))
        .map(({ id }) => id),
    );
  }

  /** One ACTIVE instance of each node that may give one away, newest first. */
  candidates(draining: readonly Instance[]): Instance[] {
    const byNode = Map.groupBy(draining, ({ node }) => node);
    return [...byNode].flatMap(([node, own]) => {
      const [newest] = [...own].sort((a, b) => b.n - a.n);
      return newest !== undefined && this.#free.has(node) ? [newest] : [];
    });
  }

  /** The node is busy with this move. */
  take(node: string): void {
    this.#free.delete(node);
  }
}
