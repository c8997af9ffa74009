/**
 * How far a blueprint is deployed, from what its instances report.
 *
 * Only reads: what to do about it is the reconciler's task. The management API and the CLI's
 * following of an apply show the answer.
 *
 * @module
 */
import type { BlueprintStatus, ExpandedBlueprint, ExpandedSlice } from "../protocol/blueprint.ts";
import { artifactBase } from "../protocol/coordinates.ts";
import { defaultRetryLimits, retryAtMs, type RetryLimits } from "./states.ts";
import { type Instance, isActive, isPresent } from "./targets.ts";

type SliceStatus = BlueprintStatus["slices"][number];

/**
 * The state of a blueprint and of each of its slices.
 *
 * A slice is DEPLOYED when exactly the wanted instances are ACTIVE and no other version is; FAILED
 * when some instance will not be tried again and the others are too few. A blueprint with failed
 * slices and deployed ones is PARTIAL.
 */
export function blueprintStatus(
  blueprint: ExpandedBlueprint,
  instances: readonly Instance[],
  options: { readonly revision: number; readonly retry?: RetryLimits },
): BlueprintStatus {
  const retry = options.retry ?? defaultRetryLimits;
  const activeArtifacts = new Set(instances.filter(isActive).map((each) => each.artifact));
  const byBase = Map.groupBy(instances, (each) => artifactBase(each.artifact));
  const slices = blueprint.slices.map((slice) => {
    const ofBase = byBase.get(artifactBase(slice.artifact)) ?? [];
    return sliceStatus(slice, { ofBase, activeArtifacts, retry });
  });
  return { id: blueprint.id, status: overall(slices), slices, revision: options.revision };
}

interface Surroundings {
  /** Instances of every version of the slice. */
  readonly ofBase: readonly Instance[];
  /** Artifacts with at least one ACTIVE instance. */
  readonly activeArtifacts: ReadonlySet<string>;
  readonly retry: RetryLimits;
}

function sliceStatus(slice: ExpandedSlice, around: Surroundings): SliceStatus {
  const { artifact, instances } = slice;
  const own = around.ofBase.filter((each) => each.artifact === artifact);
  const active = own.filter(isActive).length;
  const isOtherActive = around.ofBase.some((each) => isActive(each) && each.artifact !== artifact);
  const failed = own.filter((each) => each.state === "FAILED");
  const final = failed.find((each) => retryAtMs(each, around.retry) === undefined);
  const base = { artifact, instances, active };
  if (active < instances && final !== undefined) {
    return { ...base, status: "FAILED", ...because(final.reason) };
  }
  if (active > instances || (active === instances && isOtherActive)) {
    return { ...base, status: "SCALING_DOWN" };
  }
  if (active === instances) return { ...base, status: "DEPLOYED" };
  const missing = slice.dependencies.find((each) => !around.activeArtifacts.has(each));
  const wait = missing === undefined ? undefined : `Waits for ${missing} to be ACTIVE`;
  return own.some(isPresent)
    ? { ...base, status: "DEPLOYING", ...because(failed[0]?.reason ?? wait) }
    : { ...base, status: "PENDING", ...because(wait) };
}

function because(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason };
}

function overall(slices: readonly SliceStatus[]): BlueprintStatus["status"] {
  const has = (status: SliceStatus["status"]) => slices.some((slice) => slice.status === status);
  if (has("DEPLOYING") || has("SCALING_DOWN")) return "IN_PROGRESS";
  if (has("FAILED")) return has("DEPLOYED") ? "PARTIAL" : "FAILED";
  if (has("PENDING")) return has("DEPLOYED") ? "IN_PROGRESS" : "PENDING";
  return "DEPLOYED";
}
