import type { Rollout, RolloutStrategy } from "../../protocol/rollout.ts";
import type { RolloutSight } from "./engine.ts";
import { type StepOptions, stepsOf } from "./steps.ts";

export const from = "org.shop:echo:1.0.0";
export const to = "org.shop:echo:2.0.0";

/** A rollout that has just begun. */
export function begun(
  strategy: RolloutStrategy,
  more: Partial<Rollout> & { readonly options?: Partial<StepOptions> } = {},
): Rollout {
  const { options, ...changes } = more;
  const instances = changes.instances ?? 2;
  const steps = stepsOf({
    strategy,
    instances,
    minRequests: 10,
    observeMs: 1_000,
    isManual: false,
    percent: 30,
    ...options,
  });
  return {
    id: "echo-1",
    artifactBase: "org.shop:echo",
    strategy,
    from,
    to,
    state: "DEPLOYING",
    isPaused: false,
    steps,
    step: 0,
    weights: { new: 0, old: 1 },
    newInstances: steps[0]?.newInstances ?? 0,
    oldInstances: instances,
    instances,
    minAvailable: 1,
    dependencies: [],
    thresholds: { maxErrorRate: 0.01, maxLatencyMs: 500, minRequests: 10 },
    cleanup: "GRACE_PERIOD",
    graceMs: 5_000,
    next: { id: "org.shop:app:1.0.0", source: "", slices: [] },
    blueprint: "org.shop:app:1.0.0",
    startedAtMs: 0,
    changedAtMs: 0,
    reason: "",
    ...changes,
  };
}

const quiet = { requests: 0, errors: 0, p99Ms: 0 };

/** What is seen when all wanted instances are there and nothing was called. */
export function sightOf(rollout: Rollout, more: Partial<RolloutSight> = {}): RolloutSight {
  return {
    active: { old: rollout.oldInstances, new: rollout.newInstances },
    oldPresent: rollout.oldInstances,
    room: 100,
    failure: undefined,
    figures: { old: quiet, new: quiet },
    elapsedMs: 0,
    ...more,
  };
}

/** Figures of a version that was called, with some failures. */
export function called(requests: number, errors = 0, p99Ms = 10) {
  return { old: { ...quiet, requests, p99Ms: 10 }, new: { requests, errors, p99Ms } };
}
