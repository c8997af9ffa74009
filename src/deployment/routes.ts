/**
 * HTTP routes that slices claim, and where two claim the same one.
 *
 * Two routes are the same when method and path agree once the names of parameters are left out:
 * the gateway could not tell them apart. Resolving and applying a blueprint call it.
 *
 * @module
 */
import type { Issue } from "../base/errors.ts";
import type { Manifest } from "../protocol/slice/manifest.ts";

/** A manifest and the blueprint that its slice belongs to. */
export interface RouteOwner {
  readonly manifest: Manifest;
  /** Id of the blueprint, for messages about another one than the caller's. */
  readonly blueprint?: string;
}

/** The path with every parameter as `:`, e.g. `/urls/:` for `/urls/:code`. */
export function pathShape(path: string): string {
  return path.replaceAll(/(?<=\/):[^/]*/g, ":");
}

/** Routes of `next` that another slice of `next`, or one of `others`, claims too. */
export function routeConflicts(
  next: readonly RouteOwner[],
  others: readonly RouteOwner[] = [],
): Issue[] {
  const claimed = new Map<string, string>();
  for (const claim of others.flatMap(claimsOf)) claimed.set(claim.key, claim.text);
  const issues: Issue[] = [];
  for (const claim of next.flatMap(claimsOf)) {
    const earlier = claimed.get(claim.key);
    if (earlier === undefined) claimed.set(claim.key, claim.text);
    else issues.push({ path: claim.route, message: `${claim.text} and ${earlier} are the same` });
  }
  return issues;
}

interface Claim {
  readonly key: string;
  readonly route: string;
  readonly text: string;
}

function claimsOf({ manifest, blueprint }: RouteOwner): Claim[] {
  return Object.entries(manifest.definition.methods).flatMap(([name, { http }]) => {
    if (http === undefined) return [];
    const route = `${http.method} ${http.path}`;
    const place = blueprint === undefined ? "" : ` in ${blueprint}`;
    return [{
      key: `${http.method} ${pathShape(http.path)}`,
      route,
      text: `${route} of ${manifest.artifact} (${name})${place}`,
    }];
  });
}
