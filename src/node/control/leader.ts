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
import { reconcile } from "../../deployment/reconcile.ts";
import { Sightings } from "../../deployment/reconcile/sightings.ts";
import { defaultRetryLimits, type StateDeadlines } from "../../deployment/states.ts";
import { keys, leaderKey } from "../../protocol/keys.ts";
import type { Compare, Operation } from "../../protocol/store/command.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { StoreChange } from "../../store/state.ts";
import type { Leadership } from "../cluster/cluster.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { settlements } from "../deploy/revisions.ts";
import type { LeaderDecision } from "../deploy/explain.ts";
import { assignmentOperations, nodeWrites } from "../deploy/assignment_changes.ts";
import {
  assignments,
  knownInstances,
  storedInstances,
  storedTargets,
  storedValues,
} from "./views.ts";

const periodMs = 30_000;
const retryDelayMs = 1_000;
const watched = [
  keys.target,
  keys.blueprint,
  keys.revision,
  keys.rollout,
  keys.instance,
  keys.member,
  keys.topicHost,
  keys.partitionState,
  keys.dhtMember,
].map((
  type,
) => type.prefix);

/** A duty of the leader. */
export interface LeaderTask {
  /** What it is about, for the log. */
  readonly name: string;
  /** Does what is due; answers when to look again, undefined when there is nothing to do. */
  step(leading: Leadership): Promise<number | undefined>;
  /** Another node leads. */
  reset(): void;
}

/** What the leader needs. */
export interface LeaderOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose" | "onChange">;
  readonly clock: Clock;
  readonly log: Logger;
  /** This node's leadership; undefined while it does not lead. */
  leadership(): Leadership | undefined;
  isAlive(node: string): boolean;
  /** What else a leader does each time it decides: rollouts and scaling. */
  readonly tasks: readonly LeaderTask[];
  /** Most instances of an artifact on a node; one instance uses one core. */
  readonly instancesPerNode: number;
  /** How long states of instances may last, as configured now. */
  deadlines(): StateDeadlines;
}

/** Assigns instances to nodes. */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;
  #running = false;
  #again = false;
  #stopped = false;
  #decision: LeaderDecision | undefined;
  #sightings = new Sightings();
  /** What has failed in this round and in the one before. */
  #failures = new Set<string>();
  #knownFailures: ReadonlySet<string> = new Set();

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#unsubscribe = options.store.onChange((change) => this.#onChange(change), "system");
    this.#schedule(0);
  }

  /** The last decision, with the reason why each target is where it is; only while it leads. */
  get decision(): LeaderDecision | undefined {
    return this.#decision;
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
    this.#knownFailures = this.#failures;
    this.#failures = new Set();
    const decidedMs = await this.#attempt("Instances could not be assigned", () => this.#decide());
    const nextMs = this.#failures.size > 0 ? retryDelayMs : decidedMs ?? periodMs;
    this.#running = false;
    this.#schedule(this.#again ? 0 : nextMs);
  }

  /** Does a part of a round: its failure, which is logged once, keeps no other from being done. */
  async #attempt<T>(problem: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      const { name, message } = toAetherError(error);
      const failure = `${problem}: ${name}`;
      const isKnown = this.#knownFailures.has(failure) || this.#failures.has(failure);
      if (!isKnown) this.#options.log.error(problem, { error: message });
      this.#failures.add(failure);
      return undefined;
    }
  }

  /** Decides once; answers when to look again, in milliseconds. */
  async #decide(): Promise<number> {
    const { store, clock, instancesPerNode, isAlive, leadership, deadlines } = this.#options;
    const leading = leadership();
    if (leading === undefined) {
      this.#decision = undefined;
      this.#sightings = new Sightings();
      for (const task of this.#options.tasks) task.reset();
      return periodMs;
    }
    const { state } = store;
    const nowMs = clock.monotonicMs();
    const nodes = storedValues(state, keys.member).map(({ value }) => ({
      id: value.id,
      lifecycle: value.state,
      isAlive: isAlive(value.id),
    }));
    const { actions, trace, wakeAtMs } = reconcile({
      targets: storedTargets(state),
      instances: this.#sightings.look(knownInstances(state), nowMs),
      nodes,
      nowMs,
      limits: { ...defaultRetryLimits, instancesPerNode, deadlines: deadlines() },
    });
    this.#decision = { term: leading.term, revision: state.revision, trace };
    const operations = assignmentOperations(state, actions);
    const writes = nodeWrites(state, actions);
    await this.#attempt("Instances could not be assigned", async () => {
      if (operations.length > 0) await this.#write(leading, "leader", operations);
      for (const { compare, operation } of writes) {
        await this.#write(leading, "node", [operation], [compare]);
      }
    });
    const living = nodes.filter((node) => node.isAlive).map(({ id }) => id);
    await this.#attempt(
      "Reports of dead nodes could not be removed",
      () => this.#removeReports(leading, new Set(living)),
    );
    await this.#settle(leading);
    let againMs = periodMs;
    for (const task of this.#options.tasks) {
      const problem = `The leader could not look after ${task.name}`;
      const taskMs = await this.#attempt(problem, () => task.step(leading));
      againMs = Math.min(againMs, taskMs ?? periodMs);
    }
    return Math.max(1, Math.min(againMs, (wakeAtMs ?? Infinity) - nowMs));
  }

  /** Writes what has become of the revisions of blueprints. */
  async #settle(leading: Leadership): Promise<void> {
    const { store: { state }, clock, log } = this.#options;
    for (const { compare, then, text } of settlements(state, clock.wallMs())) {
      await this.#attempt(`It could not be written that ${text}`, async () => {
        await this.#write(leading, "operator", then, compare);
        log.info("A revision of a blueprint is settled", { result: text });
      });
    }
  }

  /** Writes, unless somebody else leads by now. */
  async #write(
    { term }: Leadership,
    writer: "leader" | "node" | "operator",
    then: readonly Operation[],
    conditions: readonly Compare[] = [],
  ): Promise<void> {
    const compare = [{ key: leaderKey, revision: term }, ...conditions];
    await this.#options.store.propose(writer, { compare, then, otherwise: [] });
  }

  /** Removes what dead nodes reported of instances that are not assigned to them any more. */
  async #removeReports(leading: Leadership, living: ReadonlySet<string>): Promise<void> {
    const { state } = this.#options.store;
    const assigned = new Set(
      assignments(state).map(({ value }) => `${value.node}/${value.artifact}`),
    );
    const stale = storedInstances(state).filter(({ value }) =>
      !living.has(value.node) && !assigned.has(`${value.node}/${value.artifact}`)
    );
    if (stale.length === 0) return;
    await this.#write(
      leading,
      "node",
      stale.map(({ key }): Operation => ({ type: "delete", key })),
      // A node that comes back meanwhile keeps what it reports.
      stale.map(({ key, revision }) => ({ key, revision })),
    );
  }
}
