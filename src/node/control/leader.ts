/**
 * The leader's loop: looks at what should run and what runs, and assigns instances to nodes.
 *
 * It runs after every change that matters, when a retry is due, and every 30 s; the decision itself
 * is the pure reconciler in src/deployment. Every node has one of these; only the leader's acts.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { toAetherError } from "../../base/errors.ts";
import { type Action, reconcile, type TargetTrace } from "../../deployment/reconcile.ts";
import { defaultRetryLimits } from "../../deployment/states.ts";
import { keys, leaderKey } from "../../protocol/keys.ts";
import type { Operation } from "../../protocol/store/command.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { StoreChange } from "../../store/state.ts";
import type { Leadership } from "../cluster/cluster.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import {
  assignments,
  instanceId,
  knownInstances,
  storedInstances,
  storedTargets,
  storedValues,
} from "./views.ts";

const periodMs = 30_000;
const retryDelayMs = 1_000;
const watched = [keys.target, keys.blueprint, keys.instance, keys.member].map((type) =>
  type.prefix
);

/** What the leader needs. */
export interface LeaderOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "onChange">;
  readonly clock: Clock;
  readonly log: Logger;
  /** This node's leadership; undefined while it does not lead. */
  leadership(): Leadership | undefined;
  isAlive(node: string): boolean;
  /** Most instances of an artifact on a node; one instance uses one core. */
  readonly instancesPerNode: number;
}

/** Assigns instances to nodes. */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;
  #running = false;
  #again = false;
  #stopped = false;
  #trace: readonly TargetTrace[] = [];

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#unsubscribe = options.store.onChange((change) => this.#onChange(change));
    this.#schedule(0);
  }

  /** Why each target is where it is, as of the last decision. */
  get trace(): readonly TargetTrace[] {
    return this.#trace;
  }

  /** Something that is not in the store has changed: who leads, or who is alive. */
  wake(): void {
    // A decision under way has not seen it, so another one follows.
    if (this.#running) this.#again = true;
    else this.#schedule(0);
  }

  /** Decides nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
    this.#timer?.cancel();
  }

  #onChange(change: StoreChange): void {
    const matters = change.events.some(({ key }) =>
      watched.some((prefix) => key.startsWith(prefix))
    );
    if (matters) this.wake();
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.setTimer(delayMs, () => {
      this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#again = false;
    let nextMs = periodMs;
    try {
      nextMs = await this.#decide();
    } catch (error) {
      this.#options.log.error("Instances could not be assigned", {
        error: toAetherError(error).message,
      });
      nextMs = retryDelayMs;
    }
    this.#running = false;
    this.#schedule(this.#again ? 0 : nextMs);
  }

  /** Decides once; answers when to look again, in milliseconds. */
  async #decide(): Promise<number> {
    const { store, clock, instancesPerNode, isAlive, leadership } = this.#options;
    const leading = leadership();
    if (leading === undefined) {
      this.#trace = [];
      return periodMs;
    }
    const nowMs = clock.wallMs();
    const members = storedValues(store.state, keys.member).filter(({ value }) => isAlive(value.id));
    const { actions, trace, wakeAtMs } = reconcile({
      targets: storedTargets(store.state),
      instances: knownInstances(store.state),
      nodes: members.map(({ value }) => ({ id: value.id, lifecycle: value.state })),
      nowMs,
      limits: { ...defaultRetryLimits, instancesPerNode },
    });
    this.#trace = trace;
    const operations = this.#operations(actions);
    if (operations.length > 0) {
      // Fenced: nothing happens when somebody else leads by now.
      const compare = [{ key: leaderKey, revision: leading.term }];
      await store.propose("leader", { compare, then: operations, otherwise: [] });
    }
    await this.#removeReports(leading, new Set(members.map(({ value }) => value.id)));
    return wakeAtMs === undefined ? periodMs : Math.max(1, Math.min(periodMs, wakeAtMs - nowMs));
  }

  /** Removes what dead nodes reported of instances that are not assigned to them any more. */
  async #removeReports(leading: Leadership, living: ReadonlySet<string>): Promise<void> {
    const { store } = this.#options;
    const assigned = new Set(
      assignments(store.state).map(({ value }) => `${value.node}/${value.artifact}`),
    );
    const then = storedInstances(store.state).filter(({ value }) =>
      !living.has(value.node) && !assigned.has(`${value.node}/${value.artifact}`)
    ).map(({ key }): Operation => ({ type: "delete", key }));
    if (then.length === 0) return;
    const compare = [{ key: leaderKey, revision: leading.term }];
    await store.propose("node", { compare, then, otherwise: [] });
  }

  /** The assignments that change, as operations. */
  #operations(actions: readonly Action[]): Operation[] {
    const attempts = new Map<string, Map<number, number>>();
    const owner = new Map<string, { key: string; number: number }>();
    const places = new Map<string, { artifact: string; node: string }>();
    for (const { key, value } of assignments(this.#options.store.state)) {
      attempts.set(key, new Map(value.instances.map((each) => [each.number, each.attempt])));
      places.set(key, value);
      for (const { number } of value.instances) {
        owner.set(instanceId(value.node, value.artifact, number), { key, number });
      }
    }
    const changed = new Set<string>();
    for (const action of actions) {
      if (action.type === "start") {
        const { artifact, node, n, attempt } = action;
        const key = keys.assignment.key(node, artifact);
        const numbers = attempts.get(key) ?? new Map<number, number>();
        attempts.set(key, numbers.set(n, attempt));
        places.set(key, { artifact, node });
        changed.add(key);
        continue;
      }
      const owned = owner.get(action.id);
      // A report without an assignment: its node removes it.
      if (owned === undefined) continue;
      attempts.get(owned.key)?.delete(owned.number);
      changed.add(owned.key);
    }
    return [...changed].map((key) => this.#operation(key, places.get(key), attempts.get(key)));
  }

  #operation(
    key: string,
    place: { artifact: string; node: string } | undefined,
    numbers: ReadonlyMap<number, number> | undefined,
  ): Operation {
    if (place === undefined || numbers === undefined || numbers.size === 0) {
      return { type: "delete", key };
    }
    const { artifact, node } = place;
    const instances = [...numbers].map(([number, attempt]) => ({ number, attempt }));
    return keys.assignment.put(key, { artifact, node, instances });
  }
}
