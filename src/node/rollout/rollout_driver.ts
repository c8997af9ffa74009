/**
 * {@link RolloutDriver}: the leader's part in rollouts. It looks, asks the engine, and writes.
 *
 * What it remembers is only since when it has seen a rollout in its step; everything else is in the
 * store, so that another leader goes on in the same step.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { advance, type RolloutSight } from "../../deployment/rollout/engine.ts";
import { type Health, judgeHealth, type RolloutFigures } from "../../deployment/rollout/health.ts";
import { defaultRetryLimits, retryAtMs } from "../../deployment/states.ts";
import { type Instance, isActive } from "../../deployment/targets.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { keys, leaderKey } from "../../protocol/keys.ts";
import type { Rollout } from "../../protocol/rollout.ts";
import type { Compare, Operation } from "../../protocol/store/command.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Leadership } from "../cluster/cluster.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";
import { activeRollouts, knownInstances, nodesOnDuty, unchanged } from "../control/views.ts";
import type { FigureMark, FigureSource } from "./figures.ts";
import { recordOperations, replaceOperations } from "../deploy/revisions.ts";

/** Time between two looks at a rollout, in milliseconds. */
const periodMs = 1_000;

/** What the driver needs. */
export interface RolloutDriverOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly figures: FigureSource;
  /** Most instances of an artifact on a node. */
  readonly instancesPerNode: number;
  isAlive(node: string): boolean;
}

/** Figures of a rollout's current step, and what they mean. */
export interface RolloutHealth extends RolloutFigures, Health {
  readonly elapsedMs: number;
}

interface Seen {
  readonly place: string;
  readonly sinceMs: number;
  readonly mark: FigureMark;
}

/** Goes on with the rollouts while this node leads. */
export class RolloutDriver {
  readonly name = "rollouts";
  readonly #options: RolloutDriverOptions;
  #seen = new Map<string, Seen>();

  constructor(options: RolloutDriverOptions) {
    this.#options = options;
  }

  /** Another node leads: what was seen counts no more. */
  reset(): void {
    this.#seen.clear();
  }

  /** What is known of both versions since the current step began. */
  health(rollout: Rollout): RolloutHealth {
    const figures = this.#figures(rollout);
    const elapsedMs = this.#options.clock.monotonicMs() - this.#look(rollout).sinceMs;
    return { ...figures, ...judgeHealth(figures, rollout.thresholds), elapsedMs };
  }

  #figures(rollout: Rollout): RolloutFigures {
    const { figures } = this.#options;
    const { mark } = this.#look(rollout);
    return { old: figures.since(rollout.from, mark), new: figures.since(rollout.to, mark) };
  }

  /** One look at all rollouts; answers when to look again, undefined when there are none. */
  async step({ term }: Leadership): Promise<number | undefined> {
    const { store, clock, log } = this.#options;
    const rollouts = activeRollouts(store.state);
    if (rollouts.length > 0) this.#options.figures.gather();
    for (const { key, value, revision } of rollouts) {
      const next = advance(value, this.#sight(value));
      if (next === undefined) continue;
      const applied = await store.propose("operator", {
        compare: [
          { key: leaderKey, revision: term },
          { key, revision },
          ...(next.state === "COMPLETED" ? this.#unscaled(next) : []),
        ],
        then: this.#operations(key, { ...next, changedAtMs: clock.wallMs() }),
        otherwise: [],
      });
      const { id, state, reason } = next;
      if (applied.succeeded) log.info("A rollout goes on", { rollout: id, state, reason });
    }
    const ids = new Set(rollouts.map(({ value }) => value.id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
    return rollouts.length === 0 ? undefined : periodMs;
  }

  #operations(key: string, next: Rollout): Operation[] {
    const { store: { state }, clock } = this.#options;
    const put = keys.rollout.put(key, next);
    if (next.state !== "COMPLETED") return [put];
    // The blueprint names the new version from now on.
    const record = { blueprint: next.next, appliedAtMs: clock.wallMs() };
    return [
      put,
      ...replaceOperations(state, next.blueprint, next.next, { keepsScale: true }),
      ...recordOperations(state, record).operations,
    ];
  }

  /** Nobody scales a slice of the blueprint meanwhile. */
  #unscaled({ next }: Rollout): Compare[] {
    const targets = next.slices.map(({ artifact }) => keys.target.key(artifactBase(artifact)));
    return unchanged(this.#options.store.state, targets);
  }

  #look({ id, step, state }: Rollout): Seen {
    const { clock, figures } = this.#options;
    const place = `${step} ${state}`;
    const before = this.#seen.get(id);
    if (before?.place === place) return before;
    const seen = { place, sinceMs: clock.monotonicMs(), mark: figures.mark() };
    this.#seen.set(id, seen);
    return seen;
  }

  #sight(rollout: Rollout): RolloutSight {
    const { store, clock, isAlive, instancesPerNode } = this.#options;
    const { sinceMs } = this.#look(rollout);
    const instances = knownInstances(store.state).filter(({ node }) => isAlive(node));
    const old = instances.filter(({ artifact }) => artifact === rollout.from);
    const fresh = instances.filter(({ artifact }) => artifact === rollout.to);
    return {
      active: { old: old.filter(isActive).length, new: fresh.filter(isActive).length },
      oldPresent: old.length,
      room: nodesOnDuty(store.state, isAlive).length * instancesPerNode,
      failure: failureOf(fresh),
      oldFailure: failureOf(old),
      figures: this.#figures(rollout),
      elapsedMs: clock.monotonicMs() - sinceMs,
    };
  }
}

/** Why one of the instances will never be ACTIVE; undefined when all may be. */
function failureOf(instances: readonly Instance[]): string | undefined {
  const failed = instances.find((each) =>
    each.state === "FAILED" && retryAtMs(each, defaultRetryLimits) === undefined
  );
  return failed === undefined ? undefined : failed.reason ?? "It failed without a word";
}
