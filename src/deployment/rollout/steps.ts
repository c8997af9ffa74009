/**
 * The steps of a rollout, by strategy.
 *
 * Every strategy is a list of steps: how many instances each version has, how calls are shared, and
 * what must be seen before the next step. The engine walks through them.
 *
 * @module
 */
import type { RolloutStep, RolloutStrategy } from "../../protocol/rollout.ts";

/** One stage of a canary. */
export interface CanaryStage {
  /** Share of calls for the new version, 1 to 100. */
  readonly percent: number;
  readonly observeMs: number;
}

/** The stages of a canary unless others are given. */
export const defaultStages: readonly CanaryStage[] = [
  { percent: 1, observeMs: 300_000 },
  { percent: 5, observeMs: 300_000 },
  { percent: 25, observeMs: 600_000 },
  { percent: 50, observeMs: 600_000 },
  { percent: 100, observeMs: 0 },
];

/** What the steps depend on. */
export interface StepOptions {
  readonly strategy: RolloutStrategy;
  /** Instances before and after. */
  readonly instances: number;
  /** Least calls of the new version in each observed step. */
  readonly minRequests: number;
  /** Observation of each step but a canary's, in milliseconds. */
  readonly observeMs: number;
  /** Whether somebody must promote each step. */
  readonly isManual: boolean;
  readonly stages?: readonly CanaryStage[];
  /** Share of the new version in an A/B test. */
  readonly percent: number;
}

/** The steps, at least one; the last, but for an A/B test, gives all calls to the new version. */
export function stepsOf(options: StepOptions): RolloutStep[] {
  const { strategy, instances, minRequests, observeMs, isManual } = options;
  const observed = { minRequests, observeMs, auto: !isManual };
  const all = { newInstances: instances, oldInstances: instances };
  switch (strategy) {
    case "immediate":
      return [{
        ...all,
        weights: { new: 1, old: 0 },
        minRequests: 0,
        observeMs: 0,
        auto: true,
      }];
    case "rolling":
      return Array.from({ length: instances }, (_, index) => ({
        newInstances: index + 1,
        // The last one stays until clean-up, so that the way back is short.
        oldInstances: Math.max(1, instances - index - 1),
        weights: { new: index + 1, old: instances - index - 1 },
        ...observed,
      }));
    case "canary":
      return canary(options);
    case "blue-green":
      return [
        // Ready and without calls: whether to switch is for people.
        { ...all, weights: { new: 0, old: 1 }, minRequests: 0, observeMs: 0, auto: false },
        { ...all, weights: { new: 1, old: 0 }, ...observed },
      ];
    case "ab": {
      const weights = { new: options.percent, old: 100 - options.percent };
      return [{ ...all, weights, minRequests, observeMs, auto: false }];
    }
  }
}

function canary({ instances, minRequests, isManual, stages = defaultStages }: StepOptions) {
  const last = stages.at(-1);
  const complete = last === undefined || last.percent < 100
    ? [...stages, { percent: 100, observeMs: 0 }]
    : stages;
  return complete.map(({ percent, observeMs }): RolloutStep => ({
    newInstances: Math.max(1, Math.ceil(instances * percent / 100)),
    oldInstances: instances,
    weights: { new: percent, old: 100 - percent },
    minRequests: observeMs === 0 ? 0 : minRequests,
    observeMs,
    auto: !isManual,
  }));
}
