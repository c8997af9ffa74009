/**
 * Desired and observed: what the reconciler and the status of blueprints look at.
 *
 * Types, and the step from expanded blueprints to targets. A target belongs to a base, not to a
 * version: a new version replaces the old one.
 *
 * @module
 */
import type { ExpandedBlueprint } from "../protocol/blueprint.ts";
import { artifactBase } from "../protocol/coordinates.ts";
import type { Observation } from "../protocol/instance_state.ts";
import type { Failure } from "./states.ts";

/** What should run of one artifact base. */
export interface Target {
  readonly artifactBase: string;
  /** The version to run, `group:name:version`. */
  readonly artifact: string;
  readonly instances: number;
  /** ACTIVE instances that the reconciler never goes below by its own actions. */
  readonly minAvailable: number;
  /** Exact artifacts that need an ACTIVE instance before this one starts. */
  readonly dependencies: readonly string[];
  /**
   * Whether other versions of the base are wanted as well, each with a target of its own and all
   * with the same `minAvailable`. @default {false}
   */
  readonly isPart?: boolean;
}

/**
 * One instance: what its node last reported or, when it has not reported yet, DOWNLOADING for an
 * assignment and UNLOADING for a withdrawn one, so that no decision is taken twice.
 */
export interface Instance extends Observation, Failure {
  readonly id: string;
  readonly artifact: string;
  readonly node: string;
  /** Number of the instance among those of the artifact on the node, from 1. */
  readonly n: number;
  /** Why it failed. */
  readonly reason?: string;
}

/** Targets of all blueprints, in their load order. */
export function targetsOf(blueprints: Iterable<ExpandedBlueprint>): Target[] {
  return [...blueprints].flatMap((blueprint) =>
    blueprint.slices.map((slice) => ({
      artifactBase: artifactBase(slice.artifact),
      artifact: slice.artifact,
      instances: slice.instances,
      minAvailable: slice.minAvailable,
      dependencies: slice.dependencies,
    }))
  );
}

/** Whether the instance serves calls. */
export function isActive(instance: Instance): boolean {
  return instance.state === "ACTIVE";
}

/** Whether the instance is there to stay: neither ending nor ended. */
export function isPresent(instance: Instance): boolean {
  return instance.state !== "UNLOADING" && instance.state !== "UNLOADED";
}
