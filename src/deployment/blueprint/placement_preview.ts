/**
 * Where the instances of a blueprint would run if it were applied now.
 *
 * The same shares as the reconciler's, for nodes that live and are on duty. What plan shows.
 *
 * @module
 */
import type { ExpandedBlueprint, PlacementChange } from "../../protocol/blueprint.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { sharesOf } from "../placement.ts";
import type { NodeSituation } from "../reconcile/model.ts";
import { type Instance, isActive, isPresent } from "../targets.ts";

/** What placement depends on. */
export interface PlacementContext {
  readonly instances: readonly Instance[];
  readonly nodes: readonly NodeSituation[];
  /** Most instances of one artifact version on a node. */
  readonly instancesPerNode: number;
}

/** Per artifact and node: instances before and after, where they differ. */
export function previewPlacement(
  current: ExpandedBlueprint | undefined,
  next: ExpandedBlueprint,
  context: PlacementContext,
): PlacementChange[] {
  const wanted = new Map(next.slices.map(({ artifact, instances }) => [artifact, instances]));
  const kept = new Set(next.slices.map(({ artifact }) => artifactBase(artifact)));
  const bases = new Set([
    ...kept,
    ...(current?.slices ?? []).map(({ artifact }) => artifactBase(artifact)),
  ]);
  const present = context.instances.filter((each) =>
    isPresent(each) && bases.has(artifactBase(each.artifact))
  );
  const artifacts = new Set([...wanted.keys(), ...present.map(({ artifact }) => artifact)]);
  return [...artifacts].flatMap((artifact) => {
    const own = present.filter((each) => each.artifact === artifact);
    return changesOf(artifact, own, { ...context, instances: own }, wanted.get(artifact) ?? 0);
  });
}

function changesOf(
  artifact: string,
  own: readonly Instance[],
  { nodes, instancesPerNode }: PlacementContext,
  wanted: number,
): PlacementChange[] {
  const onNode = (node: string) => own.filter((each) => each.node === node);
  const loads = nodes.filter(({ lifecycle, isAlive = true }) => lifecycle === "ON_DUTY" && isAlive)
    .map(({ id }) => ({
      node: id,
      active: onNode(id).filter(isActive).length,
      present: onNode(id).length,
    }));
  const shares = sharesOf(loads, wanted, instancesPerNode);
  return nodes.flatMap(({ id }) => {
    const [before, after] = [onNode(id).length, shares.get(id) ?? 0];
    return before === after ? [] : [{ artifact, node: id, before, after }];
  });
}
