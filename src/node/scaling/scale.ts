/**
 * Changes how many instances of a slice are wanted, by command or by the controller (#8, #9, #60).
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { keys } from "../../protocol/keys.ts";
import type { Compare, Operation } from "../../protocol/store/command.ts";
import type { StoreState } from "../../store/state.ts";
import { activeRollouts, storedValue, unchanged } from "../control/views.ts";

/** A change of a target, to be written on its condition. */
export interface ScaleWrite {
  readonly artifact: string;
  readonly before: number;
  readonly compare: Compare[];
  readonly then: Operation[];
}

/**
 * The write that gives a slice, `group:name` or with a version, so many instances. Its blueprint
 * and minAvailable stay what they are.
 *
 * @throws {AetherError} SLICE_NOT_APPLIED, SCALE_REFUSED or ROLLOUT_ACTIVE.
 */
export function scaleWrite(state: StoreState, name: string, instances: number): ScaleWrite {
  const base = name.split(":").length > 2 ? artifactBase(name) : name;
  const key = keys.target.key(base);
  const target = storedValue(state, keys.target, key);
  if (target === undefined) {
    throw new AetherError("SLICE_NOT_APPLIED", `No blueprint wants ${base}`);
  }
  const { value, revision } = target;
  const rollout = activeRollouts(state).find((each) => each.value.artifactBase === base);
  if (rollout !== undefined) {
    const text = `Rollout ${rollout.value.id} of ${base} is under way`;
    throw new AetherError("ROLLOUT_ACTIVE", text);
  }
  if (instances < value.minAvailable) {
    throw new AetherError(
      "SCALE_REFUSED",
      `${base} needs ${value.minAvailable} instances, its minAvailable: ${instances} are too few`,
    );
  }
  return {
    artifact: value.artifact,
    before: value.instances,
    compare: [{ key, revision }, ...unchanged(state, [keys.rollout.key(base)])],
    then: value.instances === instances ? [] : [keys.target.put(key, { ...value, instances })],
  };
}
