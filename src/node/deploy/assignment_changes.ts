/**
 * From the reconciler's actions to the writes that carry them out.
 *
 * Starts and stops change assignments, which are the leader's; records of instances and members are
 * written by nodes, so those writes come apart, each on condition that nothing has changed since.
 *
 * @module
 */
import type { Action } from "../../deployment/reconcile/model.ts";
import { keys } from "../../protocol/keys.ts";
import type { Compare, Operation } from "../../protocol/store/command.ts";
import type { StoreState } from "../../store/state.ts";
import { assignments, instanceId, storedValue } from "../control/views.ts";

/** One write of a node's key, on its condition. */
export interface NodeWrite {
  readonly compare: Compare;
  readonly operation: Operation;
}

/** The assignments that the actions change, as operations of the leader. */
export function assignmentOperations(state: StoreState, actions: readonly Action[]): Operation[] {
  const attempts = new Map<string, Map<number, number>>();
  const owner = new Map<string, { key: string; number: number }>();
  const places = new Map<string, { artifact: string; node: string }>();
  for (const { key, value } of assignments(state)) {
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
    const owned = action.type === "drained" ? undefined : owner.get(action.id);
    // A report without an assignment: its node removes it.
    if (owned === undefined) continue;
    attempts.get(owned.key)?.delete(owned.number);
    changed.add(owned.key);
  }
  return [...changed].map((key) => assignmentOperation(key, places.get(key), attempts.get(key)));
}

function assignmentOperation(
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

/** What the actions change in records of instances and members. */
export function nodeWrites(state: StoreState, actions: readonly Action[]): NodeWrite[] {
  const reports = new Map<string, string>();
  for (const [key, entry] of state.entries(keys.instance.prefix)) {
    const { node, artifact, number } = keys.instance.decode(key, entry.value);
    reports.set(instanceId(node, artifact, number), key);
  }
  return actions.flatMap((action): NodeWrite[] => {
    if (action.type === "forget") {
      const key = reports.get(action.id);
      const revision = key === undefined ? undefined : state.get(key)?.revision;
      if (key === undefined || revision === undefined) return [];
      return [{ compare: { key, revision }, operation: { type: "delete", key } }];
    }
    if (action.type !== "drained") return [];
    const key = keys.member.key(action.node);
    const stored = storedValue(state, keys.member, key);
    if (stored?.value.state !== "DRAINING") return [];
    const operation = keys.member.put(key, { ...stored.value, state: "DECOMMISSIONED" });
    return [{ compare: { key, revision: stored.revision }, operation }];
  });
}
