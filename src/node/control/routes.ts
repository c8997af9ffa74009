/**
 * The route snapshot: which version of each slice takes calls, on which instances.
 *
 * A version takes over only when as many of its instances are ACTIVE as are wanted; until then the
 * old one serves, so that a redeploy drops nothing.
 *
 * @module
 */
import { artifactBase } from "../../protocol/coordinates.ts";
import type { ExpandedSlice } from "../../protocol/blueprint.ts";
import { keys } from "../../protocol/keys.ts";
import type { AspectMode } from "../../protocol/slice/interceptors.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { RoutedService, RouteSnapshot } from "../../protocol/thread/threads.ts";
import type { StoreState } from "../../store/state.ts";
import {
  activeRollouts,
  instanceId,
  storedBlueprints,
  storedInstances,
  storedTargets,
  storedValues,
} from "./views.ts";

const routePrefixes = [
  keys.target,
  keys.blueprint,
  keys.rollout,
  keys.instance,
  keys.artifact,
  keys.member,
  keys.aspect,
].map(({ prefix }) => prefix);

/** Whether a change of the key may change the routes. */
export function isRouteKey(key: string): boolean {
  return routePrefixes.some((prefix) => key.startsWith(prefix));
}

/** What the routes of a node depend on, beside the store. */
export interface RouteContext {
  readonly node: string;
  readonly cluster: string;
  manifestOf(artifact: string): Manifest | undefined;
  isAlive(node: string): boolean;
}

/**
 * The routes of a node as of the store's revision; slices without a known manifest are left out.
 */
export function routeSnapshot(state: StoreState, context: RouteContext): RouteSnapshot {
  const { node, cluster, manifestOf, isAlive } = context;
  const gateways = new Map(
    storedValues(state, keys.member).map(({ value }) => [value.id, value.addresses.gateway]),
  );
  const active = Map.groupBy(
    storedInstances(state).map(({ value }) => value).filter((value) =>
      value.state === "ACTIVE" && isAlive(value.node)
    ),
    ({ artifact }) => artifact,
  );
  // While a version takes over, both are served, each with its share.
  const weights = new Map(
    activeRollouts(state).flatMap(({ value }) => [
      [value.from, value.weights.old] as const,
      [value.to, value.weights.new] as const,
    ]),
  );
  const splits = new Map(
    activeRollouts(state).map(({ value: { artifactBase: base, split, to } }) => [
      base,
      split === undefined ? {} : { split: { ...split, to } },
    ]),
  );
  const services: RoutedService[] = [];
  const settings = sliceSettings(state);
  const aspects = storedAspects(state);
  for (const target of storedTargets(state)) {
    const isPart = target.isPart === true;
    const artifact = isPart ? target.artifact : servingVersion(target, active);
    const manifest = manifestOf(artifact);
    if (manifest === undefined) continue;
    const byNode = Map.groupBy(active.get(artifact) ?? [], (instance) => instance.node);
    const own = byNode.get(node) ?? [];
    byNode.delete(node);
    services.push({
      contract: target.artifactBase,
      artifact,
      weight: isPart ? weights.get(artifact) ?? 0 : 1,
      ...splits.get(target.artifactBase),
      methods: manifest.definition.methods,
      calls: manifest.definition.calls,
      concurrency: settings.get(target.artifactBase)?.concurrency ?? manifest.limits.concurrency,
      ...interceptorsOf(manifest, settings.get(target.artifactBase)),
      ...aspects.get(target.artifactBase),
      instances: own.map((each) => instanceId(each.node, each.artifact, each.number)),
      remotes: [...byNode].flatMap(([other, instances]) => {
        const address = gateways.get(other) ?? "";
        return address === "" ? [] : [{ node: other, address, count: instances.length }];
      }),
    });
  }
  const down = [...gateways.keys()].filter((id) => !isAlive(id));
  return { revision: state.revision, cluster, services, down };
}

/** What the blueprints say of how slices are called, by artifact base. */
function sliceSettings(state: StoreState): Map<string, SliceSettings> {
  return new Map(
    storedBlueprints(state).flatMap(({ slices }) =>
      slices.map((slice) => [artifactBase(slice.artifact), slice] as const)
    ),
  );
}

type SliceSettings = Pick<ExpandedSlice, "concurrency" | "interceptors">;

function interceptorsOf(
  { definition }: Manifest,
  settings: SliceSettings | undefined,
): Pick<RoutedService, "interceptors"> {
  const sources = [definition.interceptors, settings?.interceptors].filter((each) =>
    each !== undefined
  );
  return sources.length === 0 ? {} : { interceptors: sources };
}

function storedAspects(state: StoreState): Map<string, Pick<RoutedService, "aspects">> {
  const byContract = new Map<string, { aspects: Record<string, AspectMode> }>();
  for (const { key, value } of storedValues(state, keys.aspect)) {
    const [contract = "", method = ""] = keys.aspect.parts(key);
    const known = byContract.get(contract) ?? { aspects: {} };
    known.aspects[method] = value.mode;
    byContract.set(contract, known);
  }
  return byContract;
}

/** The wanted version once it is complete, else the one with the most instances. */
function servingVersion(
  target: { readonly artifactBase: string; readonly artifact: string; readonly instances: number },
  active: ReadonlyMap<string, readonly unknown[]>,
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
