/**
 * {@link Registration}: a node's own entry among the members, and its life cycle (#63).
 *
 * A node joins, comes on duty when its agent runs, and says when it shuts down; what operators and
 * the leader write in between is theirs. A drain outlives a restart of the node.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { keys, type MemberValue } from "../../protocol/keys.ts";
import { type NodeLifecycle, stateAfterRestart } from "../../protocol/node_lifecycle.ts";
import type { Addresses } from "../../protocol/thread/threads.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { storedValue, storedValues } from "../control/views.ts";

/** What a registration needs. */
export interface RegistrationOptions {
  readonly node: string;
  readonly version: string;
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "incarnation">;
  isAlive(node: string): boolean;
}

/** One node's registration. */
export class Registration {
  readonly #options: RegistrationOptions;
  readonly #key: string;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#key = keys.member.key(options.node);
  }

  /** State of this node, as stored; undefined when it is no member. */
  get state(): NodeLifecycle | undefined {
    return storedValue(this.#options.store.state, keys.member, this.#key)?.value.state;
  }

  /** Other members that live: they send calls to this node, and may take over its instances. */
  others(): MemberValue[] {
    const { node, store, isAlive } = this.#options;
    return storedValues(store.state, keys.member).map(({ value }) => value)
      .filter(({ id }) => id !== node && isAlive(id));
  }

  /** Whether another node may run more instances. */
  get hasSuccessor(): boolean {
    return this.others().some(({ state }) => state === "ON_DUTY");
  }

  /**
   * Begins a new life: JOINING, or still being drained.
   *
   * @param isRunning only control has a new life, and instances run: the node stays on duty
   */
  async join(addresses: Addresses, isRunning = false): Promise<void> {
    const { node, version, store } = this.#options;
    const { state } = this;
    const operation = keys.member.put(this.#key, {
      id: node,
      state: isRunning && state === "ON_DUTY" ? state : stateAfterRestart(state),
      version,
      incarnation: store.incarnation,
      addresses,
    });
    await store.propose("node", { compare: [], then: [operation], otherwise: [] });
  }

  /** The node runs what is assigned to it from now on, unless it is being drained. */
  async comeOnDuty(): Promise<void> {
    if (this.state === "JOINING") {
      await changeLifecycle(this.#options.store, this.#options.node, {
        from: ["JOINING"],
        to: "ON_DUTY",
      });
    }
  }

  /** The node is about to stop: others shall run its instances. */
  async shutDown(): Promise<void> {
    await changeLifecycle(this.#options.store, this.#options.node, {
      from: ["JOINING", "ON_DUTY", "DRAINING", "DECOMMISSIONED"],
      to: "SHUTTING_DOWN",
    });
  }
}

/** A change of a life cycle, and in which states it may be asked for. */
export interface LifecycleChange {
  readonly from: readonly NodeLifecycle[];
  readonly to: NodeLifecycle;
}

/**
 * Changes a node's state; nothing happens when it has it already.
 *
 * @throws {AetherError} NODE_NOT_FOUND; TRANSITION_ILLEGAL with the state in which it is; or
 *   REVISION_CONFLICT when somebody else changed it at the same time.
 */
export async function changeLifecycle(
  store: Pick<ReplicatedStore, "state" | "propose">,
  node: string,
  { from, to }: LifecycleChange,
): Promise<number> {
  const key = keys.member.key(node);
  const stored = storedValue(store.state, keys.member, key);
  if (stored === undefined) {
    throw new AetherError("NODE_NOT_FOUND", `There is no node "${node}" in the cluster`);
  }
  const { value, revision } = stored;
  if (value.state === to) return revision;
  if (!from.includes(value.state)) {
    throw new AetherError(
      "TRANSITION_ILLEGAL",
      `Node ${node} is ${value.state} and cannot become ${to}: that needs ${from.join(" or ")}`,
    );
  }
  const applied = await store.propose("node", {
    compare: [{ key, revision }],
    then: [keys.member.put(key, { ...value, state: to })],
    otherwise: [],
  });
  if (!applied.succeeded) {
    throw new AetherError("REVISION_CONFLICT", `Node ${node} was changed meanwhile`);
  }
  return applied.revision;
}
