/**
 * What the operator's configuration allows instances: how long states may last, and permissions.
 *
 * @module
 */
import type { Ceiling } from "../../deployment/ceiling.ts";
import type { StateDeadlines } from "../../deployment/states.ts";
import type { Config } from "../../protocol/config/config.ts";

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

/** The most that a slice can be granted. */
export function ceilingOf({ sandbox: { max, heapMb }, cluster }: Config): Ceiling {
  return { ...max, heapMb, clusterHosts: cluster.peers.map(({ host }) => host) };
}
