/**
 * Revisions of blueprints: what was applied, how it ended, and the way back.
 *
 * Applying writes a record beside the blueprint, in the same transaction. The leader settles the
 * record: DEPLOYED, or, when instances fail for good, all or nothing: the last revision that was
 * deployed is applied again and this one is ROLLED_BACK with the reasons. It answers only for the
 * slices that it changes: what failed before is not its fault.
 *
 * @module
 */
import { blueprintStatus } from "../../deployment/status.ts";
import type { ExpandedBlueprint, ExpandedSlice } from "../../protocol/blueprint.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { keys, type RevisionValue } from "../../protocol/keys.ts";
import type { Compare, Operation } from "../../protocol/store/command.ts";
import type { StoreState } from "../../store/state.ts";
import {
  activeRollouts,
  asWanted,
  knownInstances,
  type Stored,
  storedBlueprints,
  storedTargets,
  storedValue,
  storedValues,
  unchanged,
  unrolled,
} from "../control/views.ts";

const recordsMax = 20;
/** A longer text is not kept a second time: the whole write must fit into a command. */
const sourceLengthMax = 256 * 1024;

/** The records of a blueprint, `group:name`, oldest first. */
export function revisionsOf(state: StoreState, base: string): Stored<RevisionValue>[] {
  return storedValues(state, keys.revision, keys.revision.key(base, ""));
}

/**
 * Operations that put a blueprint with its targets in the place of the current one. With
 * `keepsScale`, slices that are wanted already keep their number of instances.
 */
export function replaceOperations(
  state: StoreState,
  currentId: string | undefined,
  next: ExpandedBlueprint,
  { keepsScale = false }: { readonly keepsScale?: boolean } = {},
): Operation[] {
  const operations: Operation[] = [keys.blueprint.put(keys.blueprint.key(next.id), next)];
  if (currentId !== undefined && currentId !== next.id) {
    operations.push({ type: "delete", key: keys.blueprint.key(currentId) });
  }
  const kept = new Set<string>();
  for (const slice of next.slices) {
    const key = keys.target.key(artifactBase(slice.artifact));
    kept.add(key);
    const { artifact, minAvailable, dependencies } = slice;
    const scale = keepsScale ? storedValue(state, keys.target, key)?.value.instances : undefined;
    const instances = scale === undefined ? slice.instances : Math.max(minAvailable, scale);
    const target = { artifact, instances, minAvailable, dependencies, blueprint: next.id };
    operations.push(keys.target.put(key, target));
  }
  for (const target of storedTargets(state)) {
    const key = keys.target.key(target.artifactBase);
    if (target.blueprint === currentId && !kept.has(key)) operations.push({ type: "delete", key });
  }
  return operations;
}

/** What is new about a revision. */
export interface NewRevision {
  readonly blueprint: ExpandedBlueprint;
  /** Wall time, for people. */
  readonly appliedAtMs: number;
  /** The revision that it brings back, if it does. */
  readonly returnsTo?: number;
}

/** Operations that add a record, and remove the oldest ones; answers the number too. */
export function recordOperations(
  state: StoreState,
  { blueprint, appliedAtMs, returnsTo }: NewRevision,
): { readonly number: number; readonly operations: Operation[] } {
  const base = artifactBase(blueprint.id);
  const records = revisionsOf(state, base);
  const number = (records.at(-1)?.value.number ?? 0) + 1;
  const surplus = records.slice(0, Math.max(0, records.length + 1 - recordsMax));
  return {
    number,
    operations: [
      ...surplus.map(({ key }): Operation => ({ type: "delete", key })),
      keys.revision.put(revisionKey(base, number), {
        number,
        blueprint: blueprint.source.length > sourceLengthMax
          ? { ...blueprint, source: "" }
          : blueprint,
        appliedAtMs,
        state: "DEPLOYING",
        failures: [],
        ...(returnsTo === undefined ? {} : { returnsTo }),
      }),
    ],
  };
}

/** The key of a revision: numbers sort as texts. */
function revisionKey(base: string, number: number): string {
  return keys.revision.key(base, String(number).padStart(8, "0"));
}

/**
 * Artifacts of the newest revision that can tell whether it is good: those of which version or
 * number differ from the last good revision, or from any that was applied since.
 */
function changedSlices(records: readonly RevisionValue[]): Set<string> {
  const good = records.findLastIndex(({ state }) => state === "DEPLOYED");
  const before = records.slice(good, -1);
  const changed = (records.at(-1)?.blueprint.slices ?? []).filter(({ artifact, instances }) => {
    const isSame = (each: ExpandedSlice) =>
      each.artifact === artifact && each.instances === instances;
    return good < 0 || !before.every(({ blueprint }) => blueprint.slices.some(isSame));
  });
  return new Set(changed.map(({ artifact }) => artifact));
}

/** A settled revision, to be written on its condition. */
export interface Settlement {
  readonly compare: Compare[];
  readonly then: Operation[];
  readonly text: string;
}

/**
 * What has become of the newest revisions; the leader writes it. A rollout moves its blueprint by
 * itself: nothing is settled until it has ended.
 */
export function settlements(state: StoreState, wallMs: number): Settlement[] {
  const instances = knownInstances(state);
  const rolling = new Set(activeRollouts(state).map(({ value }) => value.blueprint));
  return storedBlueprints(state).filter(({ id }) => !rolling.has(id)).flatMap((blueprint) => {
    const base = artifactBase(blueprint.id);
    const records = revisionsOf(state, base);
    const last = records.at(-1);
    if (last?.value.state !== "DEPLOYING") return [];
    const wanted = asWanted(state, last.value.blueprint);
    const changed = changedSlices(records.map(({ value }) => value));
    const slices = blueprintStatus(wanted, instances, { revision: 0 }).slices
      .filter(({ artifact }) => changed.has(artifact));
    const key = keys.blueprint.key(blueprint.id);
    const compare = [
      { key: last.key, revision: last.revision },
      // Nobody applies or rolls out anything meanwhile.
      ...unchanged(state, [key]),
      ...unrolled(state, blueprint),
    ];
    if (slices.every(({ status }) => status === "DEPLOYED")) {
      const then = [keys.revision.put(last.key, { ...last.value, state: "DEPLOYED" })];
      return [{ compare, then, text: `${blueprint.id} is deployed` }];
    }
    const failures = slices.filter(({ status }) => status === "FAILED").map((slice) => ({
      artifact: slice.artifact,
      reason: (slice.reason ?? "Its instances failed").slice(0, 2_000),
    }));
    if (failures.length === 0) return [];
    const settled = { ...last.value, failures };
    const good = last.value.returnsTo === undefined
      ? records.findLast(({ value }) => value.state === "DEPLOYED")
      : undefined;
    if (good === undefined) {
      const then = [keys.revision.put(last.key, { ...settled, state: "FAILED" })];
      return [{ compare, then, text: `${blueprint.id} failed, and there is no way back` }];
    }
    const record = recordOperations(state, {
      blueprint: good.value.blueprint,
      appliedAtMs: wallMs,
      returnsTo: good.value.number,
    });
    return [{
      compare,
      then: [
        ...replaceOperations(state, blueprint.id, good.value.blueprint),
        keys.revision.put(last.key, { ...settled, state: "ROLLED_BACK" }),
        ...record.operations,
      ],
      text: `${blueprint.id} failed and returns to revision ${good.value.number}`,
    }];
  });
}
