/**
 * What applying a blueprint would change, before it is applied.
 *
 * Compares two expanded blueprints slice by slice. It neither resolves nor writes anything; the
 * management API answers it for plan and uses it to see whether an apply changes anything.
 *
 * @module
 */
import type { ExpandedBlueprint, ExpandedSlice, Plan, PlanChange } from "../protocol/blueprint.ts";
import { artifactBase, compareVersions, parseCoordinates } from "../protocol/coordinates.ts";
import { type PlacementContext, previewPlacement } from "./blueprint/placement_preview.ts";
import type { Manifest } from "../protocol/slice/manifest.ts";

/** What a plan needs beside the blueprints. */
export interface PlanContext {
  /** Store revision that the plan is based on. */
  readonly revision: number;
  /** Manifest of exact coordinates; undefined where it is not known any more. */
  manifest(artifact: string): Manifest | undefined;
  /** How the cluster is now. */
  readonly placement: PlacementContext;
}

/**
 * The changes from the applied blueprint, if there is one, to the next: first what `next` lists, in
 * load order, then what goes, dependents first.
 */
export function planBlueprint(
  current: ExpandedBlueprint | undefined,
  next: ExpandedBlueprint,
  context: PlanContext,
): Plan {
  const before = new Map(current?.slices.map((slice) => [artifactBase(slice.artifact), slice]));
  const kept = new Set(next.slices.map((slice) => artifactBase(slice.artifact)));
  const gone = [...before].filter(([base]) => !kept.has(base)).reverse();
  const changes: PlanChange[] = [
    ...idChange(current, next),
    ...next.slices.map((slice) =>
      sliceChange(before.get(artifactBase(slice.artifact)), slice, context)
    ),
    ...gone.map(([, { artifact, instances }]): PlanChange => ({
      action: "remove",
      artifact,
      changes: [`instances ${instances} -> 0`],
    })),
  ];
  return {
    id: next.id,
    changes,
    changeCount: changes.filter((change) => change.action !== "keep").length,
    revision: context.revision,
    placement: previewPlacement(current, next, context.placement),
    warnings: next.slices.flatMap((slice) =>
      warningsOf(before.get(artifactBase(slice.artifact)), slice)
    ),
  };
}

/** A new version of the blueprint itself is a change, even when all slices stay the same. */
function idChange(current: ExpandedBlueprint | undefined, next: ExpandedBlueprint): PlanChange[] {
  if (current === undefined || current.id === next.id) return [];
  return [{
    action: "update",
    artifact: next.id,
    changes: [`blueprint ${current.id} -> ${next.id}`],
  }];
}

function sliceChange(
  before: ExpandedSlice | undefined,
  next: ExpandedSlice,
  context: PlanContext,
): PlanChange {
  const { artifact, instances, minAvailable } = next;
  if (before === undefined) {
    return {
      action: "create",
      artifact,
      changes: [
        `instances ${instances}`,
        `minAvailable ${minAvailable}`,
        ...permissionChanges(undefined, context.manifest(artifact)),
      ],
    };
  }
  const changes = [
    ...difference("version", versionOf(before), versionOf(next)),
    ...difference("instances", before.instances, instances),
    ...difference("minAvailable", before.minAvailable, minAvailable),
    ...difference("concurrency", before.concurrency ?? "own", next.concurrency ?? "own"),
    ...(JSON.stringify(before.interceptors) === JSON.stringify(next.interceptors)
      ? []
      : ["interceptors"]),
    ...difference("listed", listed(before), listed(next)),
    ...(before.artifact === artifact
      ? []
      : permissionChanges(context.manifest(before.artifact), context.manifest(artifact))),
  ];
  return { action: changes.length === 0 ? "keep" : "update", artifact, changes };
}

function difference(name: string, before: string | number, next: string | number): string[] {
  return before === next ? [] : [`${name} ${before} -> ${next}`];
}

function versionOf(slice: ExpandedSlice): string {
  return parseCoordinates(slice.artifact).version;
}

function listed(slice: ExpandedSlice): string {
  return slice.isDependency ? "as a dependency" : "in the blueprint";
}

function permissionChanges(before: Manifest | undefined, next: Manifest | undefined): string[] {
  const [old, now] = [permissionTexts(before), permissionTexts(next)];
  return [
    ...[...now].filter((text) => !old.has(text)).map((text) => `permissions + ${text}`),
    ...[...old].filter((text) => !now.has(text)).map((text) => `permissions - ${text}`),
  ];
}

function permissionTexts(manifest: Manifest | undefined): Set<string> {
  return new Set(
    Object.entries(manifest?.permissions ?? {}).flatMap(([kind, entries]) =>
      (entries ?? []).map((entry) => `${kind} ${entry}`)
    ),
  );
}

function warningsOf(before: ExpandedSlice | undefined, next: ExpandedSlice): string[] {
  const { artifact, instances, minAvailable } = next;
  const warnings: string[] = [];
  if (before !== undefined && compareVersions(versionOf(next), versionOf(before)) < 0) {
    warnings.push(`${artifact} goes back from version ${versionOf(before)}`);
  }
  if (instances > 1 && minAvailable === instances) {
    warnings.push(
      `minAvailable of ${artifact} is all ${instances} instances: a node that runs one can only ` +
        `be drained while another node has room`,
    );
  }
  return warnings;
}
