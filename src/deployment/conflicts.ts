/**
 * What a blueprint must not share with the other applied ones: slices and routes.
 *
 * A slice belongs to one blueprint, so that applying or deleting one never changes another. The
 * management API calls it before it writes a blueprint.
 *
 * @module
 */
import { AetherError, type Issue } from "../base/errors.ts";
import type { ExpandedBlueprint } from "../protocol/blueprint.ts";
import { artifactBase } from "../protocol/coordinates.ts";
import type { Manifest } from "../protocol/slice/manifest.ts";
import { routeConflicts, type RouteOwner } from "./routes.ts";

/** Slices of `next` that another blueprint owns; a blueprint never conflicts with its own id. */
export function ownershipConflicts(
  next: ExpandedBlueprint,
  others: readonly ExpandedBlueprint[],
): Issue[] {
  const owners = new Map<string, { artifact: string; blueprint: string }>();
  for (const other of others) {
    if (other.id === next.id) continue;
    for (const { artifact } of other.slices) {
      owners.set(artifactBase(artifact), { artifact, blueprint: other.id });
    }
  }
  return next.slices.flatMap(({ artifact, isDependency }, index) => {
    const owner = owners.get(artifactBase(artifact));
    if (owner === undefined) return [];
    const role = isDependency ? " (a dependency)" : "";
    const message = `${artifact}${role} is owned by blueprint ${owner.blueprint} as ` +
      owner.artifact;
    return [{ path: `slices[${index}]`, message }];
  });
}

/**
 * Refuses a blueprint that claims a slice or a route of another one. Artifacts whose manifest is
 * not known any more claim no routes.
 *
 * @throws {AetherError} BLUEPRINT_CONFLICT or ROUTE_CONFLICT with all conflicts and their owners.
 */
export function refuseConflicts(
  next: ExpandedBlueprint,
  others: readonly ExpandedBlueprint[],
  manifest: (artifact: string) => Manifest | undefined,
): void {
  const owned = ownershipConflicts(next, others);
  if (owned.length > 0) {
    throw new AetherError(
      "BLUEPRINT_CONFLICT",
      `Blueprint ${next.id} lists what another blueprint owns: ${owned[0]?.message}`,
      { issues: owned },
    );
  }
  const ownersOf = (blueprint: ExpandedBlueprint): RouteOwner[] =>
    blueprint.slices.flatMap(({ artifact }) => {
      const found = manifest(artifact);
      return found === undefined ? [] : [{ manifest: found, blueprint: blueprint.id }];
    });
  const foreign = others.filter((other) => other.id !== next.id).flatMap(ownersOf);
  const routes = routeConflicts(ownersOf(next), foreign);
  if (routes.length > 0) {
    throw new AetherError(
      "ROUTE_CONFLICT",
      `Blueprint ${next.id} claims a route twice: ${routes[0]?.message}`,
      { issues: routes },
    );
  }
}
