/**
 * The route snapshot: which version of each slice takes calls, on which instances.
 *
 * A version takes over only when as many of its instances are ACTIVE as are wanted; until then the
 * old one serves, so that a redeploy drops nothing.
 *
 * @module
 */
import { artifactBase } from "../../protocol/coordinates.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { RoutedService, RouteSnapshot } from "../../protocol/thread/threads.ts";
import type { StoreState } from "../../store/state.ts";
import { instanceId, storedInstances, storedTargets } from "./views.ts";

/**
 * The routes of a node as of the store's revision; slices without a known manifest are left out.
 */
export function routeSnapshot(
  state: StoreState,
  node: string,
  manifestOf: (artifact: string) => Manifest | undefined,
): RouteSnapshot {
  const active = new Map<string, string[]>();
  for (const { value } of storedInstances(state)) {
    if (value.state !== "ACTIVE" || value.node !== node) continue;
    const ids = active.get(value.artifact) ?? [];
    active.set(value.artifact, ids);
    ids.push(instanceId(value.node, value.artifact, value.number));
  }
  const services: RoutedService[] = [];
  for (const target of storedTargets(state)) {
    const artifact = servingVersion(target, active);
    const manifest = manifestOf(artifact);
    if (manifest === undefined) continue;
    services.push({
      contract: target.artifactBase,
      artifact,
      methods: manifest.definition.methods,
      calls: manifest.definition.calls,
      concurrency: manifest.limits.concurrency,
      instances: active.get(artifact) ?? [],
    });
  }
  return { revision: state.revision, services };
}

/** The wanted version once it is complete, else the one with the most instances. */
function servingVersion(
  target: { readonly artifactBase: string; readonly artifact: string; readonly instances: number },
  active: ReadonlyMap<string, readonly string[]>,
): string {
  let best = target.artifact;
  let bestCount = active.get(best)?.length ?? 0;
  if (bestCount >= target.instances) return best;
  for (const [artifact, ids] of active) {
    if (artifactBase(artifact) !== target.artifactBase || ids.length <= bestCount) continue;
    best = artifact;
    bestCount = ids.length;
  }
  return best;
}
