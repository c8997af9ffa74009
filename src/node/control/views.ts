/**
 * Typed views of the system keys in the store.
 *
 * @module
 */
import type { Instance, Target } from "../../deployment/targets.ts";
import type { ExpandedBlueprint } from "../../protocol/blueprint.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { type InstanceValue, keys, type KeyType } from "../../protocol/keys.ts";
import { isEnded, type Rollout } from "../../protocol/rollout.ts";
import type { Compare } from "../../protocol/store/command.ts";
import type { StoreState } from "../../store/state.ts";

/** A stored value with its key and revision. */
export interface Stored<Value> {
  readonly key: string;
  readonly value: Value;
  readonly revision: number;
}

/** All values of a kind of key, in key order. */
export function storedValues<Value>(
  state: StoreState,
  type: KeyType<Value>,
  prefix = type.prefix,
): Stored<Value>[] {
  const values: Stored<Value>[] = [];
  for (const [key, entry] of state.entries(prefix)) {
    values.push({ key, value: type.decode(key, entry.value), revision: entry.revision });
  }
  return values;
}

/** One value of a kind of key. */
export function storedValue<Value>(
  state: StoreState,
  type: KeyType<Value>,
  key: string,
): Stored<Value> | undefined {
  const entry = state.get(key);
  if (entry === undefined) return undefined;
  return { key, value: type.decode(key, entry.value), revision: entry.revision };
}

/** Conditions that nobody has written, made or removed any of these keys meanwhile. */
export function unchanged(state: StoreState, all: readonly string[]): Compare[] {
  return all.map((key) => ({ key, revision: state.get(key)?.revision ?? 0 }));
}

/** Applied blueprints. */
export function storedBlueprints(state: StoreState): ExpandedBlueprint[] {
  return storedValues(state, keys.blueprint).map(({ value }) => value);
}

/** What should run, dependencies first within a blueprint. */
export function storedTargets(state: StoreState): (Target & { readonly blueprint: string })[] {
  const byBase = new Map(
    storedValues(state, keys.target).map(({ value }) => [artifactBase(value.artifact), value]),
  );
  const rollouts = new Map(activeRollouts(state).map(({ value }) => [value.artifactBase, value]));
  const targets: (Target & { readonly blueprint: string })[] = [];
  for (const blueprint of storedBlueprints(state)) {
    for (const slice of blueprint.slices) {
      const base = artifactBase(slice.artifact);
      const target = byBase.get(base);
      if (target?.blueprint !== blueprint.id) continue;
      byBase.delete(base);
      const rollout = rollouts.get(base);
      const whole = { artifactBase: base, ...target };
      if (rollout === undefined) targets.push(whole);
      else targets.push(...partsOf(whole, rollout));
    }
  }
  return targets;
}

/** The two versions of a rollout. */
function partsOf<T extends Target>(target: T, rollout: Rollout): T[] {
  const { from, to, oldInstances, newInstances, dependencies } = rollout;
  const part = { ...target, isPart: true };
  return [
    { ...part, artifact: from, instances: oldInstances },
    { ...part, artifact: to, instances: newInstances, dependencies },
  ];
}

/** Living nodes that may run instances. */
export function nodesOnDuty(state: StoreState, isAlive: (node: string) => boolean): string[] {
  return storedValues(state, keys.member)
    .filter(({ value: { id, state } }) => state === "ON_DUTY" && isAlive(id))
    .map(({ value: { id } }) => id);
}

/** Rollouts that have not come to their end. */
export function activeRollouts(state: StoreState): Stored<Rollout>[] {
  return storedValues(state, keys.rollout).filter(({ value }) => !isEnded(value));
}

/** Conditions that no rollout of a slice of the blueprint begins or changes meanwhile. */
export function unrolled(state: StoreState, { slices }: ExpandedBlueprint): Compare[] {
  return unchanged(
    state,
    slices.map(({ artifact }) => keys.rollout.key(artifactBase(artifact))),
  );
}

/** A blueprint with as many instances of each slice as are wanted now: it may have been scaled. */
export function asWanted(state: StoreState, blueprint: ExpandedBlueprint): ExpandedBlueprint {
  const slices = blueprint.slices.map((slice) => {
    const key = keys.target.key(artifactBase(slice.artifact));
    const target = storedValue(state, keys.target, key)?.value;
    const isSame = target?.blueprint === blueprint.id && target.artifact === slice.artifact;
    return isSame ? { ...slice, instances: target.instances } : slice;
  });
  return { ...blueprint, slices };
}

/** Id of an instance, unique in the cluster. */
export function instanceId(node: string, artifact: string, number: number): string {
  return `${node}/${artifact}/${number}`;
}

/** What the nodes last reported of their instances. */
export function storedInstances(state: StoreState): Stored<InstanceValue>[] {
  return storedValues(state, keys.instance);
}

/**
 * Instances as the reconciler sees them: an assignment that its node has not reported yet counts as
 * DOWNLOADING, a report without an assignment as UNLOADING, so that nothing is decided twice.
 */
export function knownInstances(state: StoreState): Instance[] {
  const reported = new Map(
    storedInstances(state).map(({ value }) => [
      instanceId(value.node, value.artifact, value.number),
      value,
    ]),
  );
  const instances: Instance[] = [];
  for (const { value: { artifact, node, instances: assigned } } of assignments(state)) {
    for (const { number, attempt } of assigned) {
      const id = instanceId(node, artifact, number);
      const report = reported.get(id);
      reported.delete(id);
      const isCurrent = report !== undefined && report.attempt >= attempt;
      instances.push({
        id,
        artifact,
        node,
        n: number,
        ...(isCurrent ? observation(report) : { state: "DOWNLOADING", attempt }),
      });
    }
  }
  for (const [id, report] of reported) {
    const { artifact, node, number, attempt } = report;
    instances.push({ id, artifact, node, n: number, state: "UNLOADING", attempt });
  }
  return instances;
}

function observation(report: InstanceValue) {
  return {
    state: report.state,
    attempt: report.attempt,
    failures: report.failures,
    ...(report.reason === undefined ? {} : { reason: report.reason }),
    ...(report.fatal === undefined ? {} : { fatal: report.fatal }),
  };
}

/** What the leader assigned to the nodes. */
export function assignments(state: StoreState) {
  return storedValues(state, keys.assignment);
}

/** An instance that a node is to run. */
export interface AssignedInstance {
  readonly artifact: string;
  readonly number: number;
  readonly attempt: number;
}

/** What the leader assigned to a node, by instance id. */
export function assignedInstances(state: StoreState, node: string): Map<string, AssignedInstance> {
  const found = storedValues(state, keys.assignment, keys.assignment.key(node, ""));
  return new Map(
    found.flatMap(({ value: { artifact, instances } }) =>
      instances.map(({ number, attempt }) =>
        [instanceId(node, artifact, number), { artifact, number, attempt }] as const
      )
    ),
  );
}
