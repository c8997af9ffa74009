/**
 * What operators see and change of the life cycles of nodes.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import type { NodeLifecycle } from "../../protocol/node_lifecycle.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { storedInstances, storedValues } from "../control/views.ts";
import { changeLifecycle, type LifecycleChange } from "./registration.ts";

/** A node and its state. */
export interface NodeLifeView {
  readonly id: string;
  readonly state: NodeLifecycle;
  readonly alive: boolean;
  readonly instances: number;
  readonly revision: number;
}

const changes = {
  drain: { from: ["ON_DUTY"], to: "DRAINING" },
  activate: { from: ["DRAINING", "DECOMMISSIONED"], to: "ON_DUTY" },
  shutDown: { from: ["JOINING", "ON_DUTY", "DRAINING", "DECOMMISSIONED"], to: "SHUTTING_DOWN" },
} as const satisfies Record<string, LifecycleChange>;

/** The life cycles of all nodes. */
export class NodeLives {
  readonly #store: Pick<ReplicatedStore, "state" | "propose">;
  readonly #isAlive: (node: string) => boolean;

  constructor(
    store: Pick<ReplicatedStore, "state" | "propose">,
    isAlive: (node: string) => boolean,
  ) {
    this.#store = store;
    this.#isAlive = isAlive;
  }

  /** All members. */
  list(): NodeLifeView[] {
    const { state } = this.#store;
    const counts = Map.groupBy(storedInstances(state), ({ value }) => value.node);
    return storedValues(state, keys.member).map(({ value, revision }) => ({
      id: value.id,
      state: value.state,
      alive: this.#isAlive(value.id),
      instances: counts.get(value.id)?.length ?? 0,
      revision,
    }));
  }

  /**
   * One member.
   *
   * @throws {AetherError} NODE_NOT_FOUND.
   */
  get(node: string): NodeLifeView {
    const found = this.list().find(({ id }) => id === node);
    if (found !== undefined) return found;
    throw new AetherError("NODE_NOT_FOUND", `There is no node "${node}" in the cluster`);
  }

  /**
   * Begins a drain, ends or cancels one, or has a node shut down; answers the revision.
   *
   * @throws {AetherError} errors of `changeLifecycle`.
   */
  async change(
    node: string,
    what: keyof typeof changes,
  ): Promise<{ id: string; state: NodeLifecycle; revision: number }> {
    const change = changes[what];
    const revision = await changeLifecycle(this.#store, node, change);
    return { id: node, state: change.to, revision };
  }
}
