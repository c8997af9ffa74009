/**
 * Why a slice runs where it does: the leader's last decision together with what the nodes report.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { TargetTrace } from "../../deployment/reconcile/model.ts";
import type { Explanation } from "../../protocol/api/deployment/nodes.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import type { StoreState } from "../../store/state.ts";
import { instanceId, storedInstances } from "../control/views.ts";

/** What the leader decided last. */
export interface LeaderDecision {
  readonly term: number;
  /** Revision of the store that it looked at. */
  readonly revision: number;
  readonly trace: readonly TargetTrace[];
}

/**
 * Explains an artifact, `group:name:version`, or all versions of a base, `group:name`.
 *
 * @throws {AetherError} SLICE_NOT_APPLIED when nothing of it is wanted and nothing of it runs.
 */
export function explain(
  name: string,
  leader: string,
  { decision, state }: { readonly decision: LeaderDecision; readonly state: StoreState },
): Explanation {
  const isMeant = (artifact: string) => artifact === name || artifactBase(artifact) === name;
  const targets = decision.trace.filter(({ artifact }) => isMeant(artifact));
  const instances = storedInstances(state).filter(({ value }) => isMeant(value.artifact));
  if (targets.length === 0 && instances.length === 0) {
    throw new AetherError("SLICE_NOT_APPLIED", `No blueprint wants "${name}"`);
  }
  return {
    leader,
    term: decision.term,
    revision: decision.revision,
    targets: targets.map((target) => ({
      ...target,
      waitingFor: [...target.waitingFor],
      candidates: [...target.candidates],
      notes: [...target.notes],
    })),
    instances: instances.map(({ value: { artifact, node, number, state, ...more } }) => ({
      id: instanceId(node, artifact, number),
      node,
      state,
      attempt: more.attempt,
      failures: more.failures,
      ...(more.fatal === undefined ? {} : { fatal: more.fatal }),
      ...(more.reason === undefined ? {} : { reason: more.reason }),
    })),
  };
}
