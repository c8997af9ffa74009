/**
 * The reconciler: what to start and stop so that what runs becomes what is wanted.
 *
 * A function of what is known now; it remembers nothing, so it may be called at any time and
 * again. It starts before it stops, and by its own actions never takes a target below
 * `minAvailable` ACTIVE instances. The leader calls it after every change and at `wakeAtMs`, writes
 * the actions into the store, and shows the trace to who asks why something does not run.
 *
 * @module
 */
import { artifactBase } from "../protocol/coordinates.ts";
import { Budget } from "./reconcile/budget.ts";
import { Decision } from "./reconcile/decision.ts";
import type {
  Action,
  ForgetAction,
  ReconcileInput,
  Reconciliation,
  StopAction,
} from "./reconcile/model.ts";
import { Moves } from "./reconcile/moves.ts";
import { defaultDeadlines, stuckAtMs } from "./states.ts";
import { type Instance, isActive, isPresent, type Target } from "./targets.ts";

/**
 * Decides what to do now.
 *
 * @example
 * ```ts
 * import { reconcile } from "./reconcile.ts";
 * import { defaultRetryLimits } from "./states.ts";
 * const artifact = "org.example:echo:1.0.0";
 * const { actions } = reconcile({
 *   targets: [{
 *     artifactBase: "org.example:echo",
 *     artifact,
 *     instances: 1,
 *     minAvailable: 1,
 *     dependencies: [],
 *   }],
 *   instances: [],
 *   nodes: [{ id: "node-1", lifecycle: "ON_DUTY" }],
 *   nowMs: 0,
 *   limits: { ...defaultRetryLimits, instancesPerNode: 4 },
 * });
 * console.assert(actions.length === 1 && actions[0]?.type === "start");
 * ```
 */
export function reconcile(input: ReconcileInput): Reconciliation {
  const living = new Set(
    input.nodes.filter(({ isAlive = true }) => isAlive).map((node) => node.id),
  );
  const alive = input.instances.filter((each) => living.has(each.node));
  const byBase = Map.groupBy(alive, (each) => artifactBase(each.artifact));
  const activeArtifacts = new Set(alive.filter(isActive).map((each) => each.artifact));
  const budgets = budgetsOf(input.targets, byBase);
  const moves = new Moves(input.nodes, alive);
  // A drain moves dependents before what they depend on.
  const decisions = input.targets.toReversed().map((target) =>
    new Decision(input, {
      target,
      here: instancesOf(target, input.targets, byBase),
      waitingFor: target.dependencies.filter((each) => !activeArtifacts.has(each)),
      moves,
      budget: budgets.get(target.artifactBase) ?? new Budget(0, 0),
    })
  ).reverse();
  for (const { artifactBase: base } of input.targets) byBase.delete(base);
  const orphans = [...byBase.values()].flat();
  const stopped = new Set([
    ...decisions.toReversed().flatMap((decision) => decision.stops),
    ...orphans.filter(isPresent),
    ...input.instances.filter((each) => !living.has(each.node)),
  ]);
  const patience = unloadingOf(alive, input);
  const wakes = [...decisions.flatMap((decision) => decision.wakesAtMs), ...patience.wakesAtMs];
  return {
    actions: [
      ...decisions.flatMap((decision) => decision.starts),
      ...[...stopped].map(({ id }): StopAction => ({ type: "stop", id })),
      ...patience.forgets,
      ...drainedOf(input),
    ],
    trace: decisions.map((decision) => decision.trace),
    ...(wakes.length === 0 ? {} : { wakeAtMs: Math.min(...wakes) }),
  };
}

/** One budget for all versions of a base. */
function budgetsOf(
  targets: readonly Target[],
  byBase: ReadonlyMap<string, readonly Instance[]>,
): Map<string, Budget> {
  return new Map(targets.map(({ artifactBase: base, minAvailable }) => {
    const active = (byBase.get(base) ?? []).filter(isActive).length;
    return [base, new Budget(active, minAvailable)];
  }));
}

/**
 * What a target decides about. While several versions of a base are wanted, each has a target of
 * its own; what belongs to none of them goes with the first.
 */
function instancesOf(
  target: Target,
  targets: readonly Target[],
  byBase: ReadonlyMap<string, readonly Instance[]>,
): readonly Instance[] {
  const ofBase = byBase.get(target.artifactBase) ?? [];
  if (target.isPart !== true) return ofBase;
  const parts = targets.filter((each) => each.artifactBase === target.artifactBase);
  const wanted = new Set(parts.map(({ artifact }) => artifact));
  return ofBase.filter(({ artifact }) =>
    artifact === target.artifact || (target === parts[0] && !wanted.has(artifact))
  );
}

/** What should be gone long ago, and when the others should be. */
function unloadingOf(
  alive: readonly Instance[],
  { nowMs, limits: { deadlines = defaultDeadlines } }: ReconcileInput,
): { readonly forgets: ForgetAction[]; readonly wakesAtMs: number[] } {
  const forgets: ForgetAction[] = [];
  const wakesAtMs: number[] = [];
  for (const instance of alive) {
    const atMs = instance.state === "UNLOADING" ? stuckAtMs(instance, deadlines) : undefined;
    if (atMs === undefined) continue;
    if (atMs > nowMs) wakesAtMs.push(atMs);
    else forgets.push({ type: "forget", id: instance.id });
  }
  return { forgets, wakesAtMs };
}

/** Draining nodes without instances of any state. */
function drainedOf({ nodes, instances }: ReconcileInput): Action[] {
  const occupied = new Set(instances.map(({ node }) => node));
  return nodes.filter(({ id, lifecycle }) => lifecycle === "DRAINING" && !occupied.has(id))
    .map(({ id }) => ({ type: "drained", node: id }));
}
