/**
 * What the operator's configuration allows instances: how long states may last,
 * permissions and resources.
 *
 * @module
 */
import { type Ceiling, requireCeiling } from "../../deployment/ceiling.ts";
import type { StateDeadlines } from "../../deployment/states.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import { requireResources } from "../../resource/check.ts";
import { resourceFactories } from "../../resource/factories.ts";

/** Limits of the states of an instance, and of its calls when it is to end. */
export interface InstanceTimes extends StateDeadlines {
  /** Calls have deadlines, so a drain ends by itself; this is for the case that it does not. */
  readonly drainMs: number;
}

/** The limits that a configuration sets. */
export function instanceTimes({ deployment }: Pick<Config, "deployment">): InstanceTimes {
  return {
    loadingMs: deployment.loadingTimeoutMs,
    startingMs: deployment.startingTimeoutMs,
    unloadingMs: deployment.unloadingTimeoutMs,
    drainMs: deployment.drainTimeoutMs,
  };
}

/** Most instances of an artifact version on a node: one instance uses one core. */
export function instancesPerNode(): number {
  return Math.max(1, navigator.hardwareConcurrency);
}

/**
 * Refuses slices that ask for more than a node's configuration allows, or need what it lacks.
 *
 * @throws {AetherError} PERMISSION_REFUSED or RESOURCE_INVALID with every problem.
 */
export function requireDeployable(manifests: readonly Manifest[], config: Config): void {
  requireCeiling(manifests, ceilingOf(config));
  requireResources(manifests, config.resources, resourceFactories);
}

/** The most that a slice can be granted. */
function ceilingOf({ sandbox: { max, heapMb }, cluster }: Config): Ceiling {
  return { ...max, heapMb, clusterHosts: cluster.peers.map(({ host }) => host) };
}
