/**
 * The rollout engine: what a rollout becomes next, by what is seen and by command.
 *
 * Pure: the leader calls {@link advance} with what it sees and writes the answer; everything that
 * must survive the leader is in the rollout itself, so the next leader goes on in the same step. It
 * observes that step anew, which takes longer, never shorter.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { isEnded, type Rollout } from "../../protocol/rollout.ts";
import { judgeHealth, type RolloutFigures } from "./health.ts";

/** What the leader sees of a rollout. */
export interface RolloutSight {
  /** ACTIVE instances of each version. */
  readonly active: { readonly old: number; readonly new: number };
  /** Instances of the old version in whatever state. */
  readonly oldPresent: number;
  /** Instances of one version for which there is room; one is always waited for. */
  readonly room: number;
  /** Why the new version will never be ACTIVE, if that is known. */
  readonly failure: string | undefined;
  /** Why the old version will never be ACTIVE again, if that is known. @default {undefined} */
  readonly oldFailure?: string | undefined;
  /** Calls since the step began. */
  readonly figures: RolloutFigures;
  /** Time that the leader has seen the rollout in this step and state, in milliseconds. */
  readonly elapsedMs: number;
}

/** What people can do to a rollout. */
export const rolloutCommands = ["promote", "pause", "resume", "rollback", "complete"] as const;
/** One of {@link rolloutCommands}. */
export type RolloutCommand = typeof rolloutCommands[number];

/** What comes next; undefined: nothing yet. */
export function advance(rollout: Rollout, sight: RolloutSight): Rollout | undefined {
  switch (rollout.state) {
    case "DEPLOYING":
      return deploying(rollout, sight);
    case "ROUTING":
      return routing(rollout, sight);
    case "COMPLETING":
      return completing(rollout, sight);
    case "ROLLING_BACK":
      return rollingBack(rollout, sight);
    case "COMPLETED":
    case "ROLLED_BACK":
    case "FAILED":
      return undefined;
  }
}

/** How many of the wanted instances of a version can be ACTIVE. */
function possible(wanted: number, { room }: RolloutSight): number {
  return Math.min(wanted, Math.max(1, room));
}

/** What is wrong with the calls of the new version; without calls it is the reason for nothing. */
function breachOf(rollout: Rollout, { figures }: RolloutSight): string | undefined {
  if (rollout.weights.new === 0) return undefined;
  const { verdict, reason } = judgeHealth(figures, rollout.thresholds);
  return verdict === "ABSOLUTE_BREACH" || verdict === "RELATIVE_BREACH" ? reason : undefined;
}

function deploying(rollout: Rollout, sight: RolloutSight): Rollout | undefined {
  const { active, failure } = sight;
  if (failure !== undefined) return backOff(rollout, `The new version does not start: ${failure}`);
  const breach = breachOf(rollout, sight);
  if (breach !== undefined) return backOff(rollout, breach);
  const step = currentStep(rollout);
  if (active.new < possible(step.newInstances, sight)) return undefined;
  if (rollout.isPaused && rollout.isPromoted !== true) return undefined;
  return {
    ...rollout,
    state: "ROUTING",
    isPromoted: false,
    weights: step.weights,
    oldInstances: step.oldInstances,
    reason: `Step ${rollout.step + 1} of ${rollout.steps.length}: ${step.weights.new}:` +
      `${step.weights.old} of the calls go to the new version`,
  };
}

function routing(rollout: Rollout, sight: RolloutSight): Rollout | undefined {
  const step = currentStep(rollout);
  const breach = breachOf(rollout, sight);
  if (breach !== undefined) return backOff(rollout, breach);
  if (isLost(sight, step.newInstances)) return backOff(rollout, lossOf(sight));
  if (rollout.isPaused || !step.auto || sight.elapsedMs < step.observeMs) return undefined;
  if (sight.figures.new.requests < step.minRequests) return undefined;
  return nextStep(rollout);
}

function completing(rollout: Rollout, sight: RolloutSight): Rollout | undefined {
  // Also when the old version has ended: it starts again, or the rollout ends as FAILED.
  if (isLost(sight, rollout.instances)) return backOff(rollout, lossOf(sight));
  const health = judgeHealth(sight.figures, rollout.thresholds);
  if (rollout.oldInstances > 0) {
    if (health.verdict === "ABSOLUTE_BREACH") return backOff(rollout, health.reason);
    const isOver = rollout.cleanup === "IMMEDIATE" ||
      (rollout.cleanup === "GRACE_PERIOD" && sight.elapsedMs >= rollout.graceMs);
    if (!isOver || rollout.isPaused) return undefined;
    return { ...rollout, oldInstances: 0, reason: "The old version's instances end" };
  }
  const isDone = sight.oldPresent === 0 &&
    sight.active.new >= possible(rollout.instances, sight);
  if (!isDone) return undefined;
  return { ...rollout, state: "COMPLETED", reason: "The new version has taken over" };
}

/** Whether too few instances of the new version are ACTIVE, and never will be more. */
function isLost(sight: RolloutSight, needed: number): boolean {
  return sight.failure !== undefined && sight.active.new < possible(needed, sight);
}

function lossOf({ failure }: RolloutSight): string {
  return `Instances of the new version have failed for good: ${failure}`;
}

function rollingBack(
  rollout: Rollout,
  sight: RolloutSight,
): Rollout | undefined {
  const { active, oldFailure } = sight;
  if (rollout.weights.new > 0) {
    // Whoever takes the calls must be there before they come.
    const needed = Math.max(1, Math.min(rollout.minAvailable, rollout.instances));
    const isThere = active.old >= possible(needed, sight);
    if (isThere) return { ...rollout, weights: { new: 0, old: 1 } };
    if (oldFailure === undefined) return undefined;
    // There is no way back and none forward: whatever is ACTIVE goes on until people decide.
    const reason = `The old version does not start any more: ${oldFailure}`;
    return { ...rollout, state: "FAILED", reason };
  }
  const isFull = active.old >= possible(rollout.instances, sight);
  if (!isFull && oldFailure === undefined) return undefined;
  return { ...rollout, state: "ROLLED_BACK", newInstances: 0 };
}

/** What `complete` makes of a rollout. */
const cleanedUp = { cleanup: "IMMEDIATE", isPaused: false } as const;

/** The next step, or the end when there is none. */
function nextStep(rollout: Rollout): Rollout {
  const index = rollout.step + 1;
  const step = rollout.steps[index];
  if (step === undefined) return complete(rollout);
  return {
    ...rollout,
    step: index,
    state: "DEPLOYING",
    newInstances: step.newInstances,
    reason: `Step ${index + 1} of ${rollout.steps.length}: ${step.newInstances} instances of the ` +
      "new version start",
  };
}

function complete(rollout: Rollout): Rollout {
  return {
    ...rollout,
    state: "COMPLETING",
    newInstances: rollout.instances,
    weights: { new: 1, old: 0 },
    reason: `All calls go to the new version; clean-up is ${rollout.cleanup}`,
  };
}

/** Calls go back at once where the old version is there, else as soon as it is. */
function backOff(rollout: Rollout, reason: string): Rollout {
  return { ...rollout, state: "ROLLING_BACK", oldInstances: rollout.instances, reason };
}

function currentStep(rollout: Rollout): Rollout["steps"][number] {
  const step = rollout.steps[rollout.step];
  if (step === undefined) throw new RangeError(`Rollout ${rollout.id} has no step ${rollout.step}`);
  return step;
}

/**
 * Carries out a command.
 *
 * @throws {AetherError} ROLLOUT_STATE when it makes no sense in the state of the rollout.
 */
export function command(rollout: Rollout, what: RolloutCommand): Rollout {
  const { state } = rollout;
  const isLast = rollout.step === rollout.steps.length - 1;
  switch (what) {
    case "promote":
      if (state === "ROUTING") return { ...nextStep(rollout), isPromoted: rollout.isPaused };
      break;
    case "pause":
      if (!isEnded(rollout) && !rollout.isPaused) {
        return { ...rollout, isPaused: true, isPromoted: false };
      }
      break;
    case "resume":
      if (!isEnded(rollout) && rollout.isPaused) return { ...rollout, isPaused: false };
      break;
    case "rollback":
      if (!isEnded(rollout) && state !== "ROLLING_BACK") return backOff(rollout, "By command");
      break;
    case "complete":
      if (state === "COMPLETING") return { ...rollout, ...cleanedUp };
      if (state === "ROUTING" && isLast) return { ...complete(rollout), ...cleanedUp };
      break;
  }
  const paused = rollout.isPaused ? " and paused" : "";
  throw new AetherError(
    "ROLLOUT_STATE",
    `Rollout ${rollout.id} is ${state}${paused} in step ${rollout.step + 1} of ` +
      `${rollout.steps.length}: it cannot be changed by "${what}" now`,
  );
}

/**
 * Sets the share of calls by hand.
 *
 * @throws {AetherError} ROLLOUT_STATE unless both versions are there and observed.
 */
export function withWeights(rollout: Rollout, weights: Rollout["weights"]): Rollout {
  if (rollout.state === "ROUTING") {
    return { ...rollout, weights, isPaused: true, reason: "The shares were set by hand" };
  }
  throw new AetherError(
    "ROLLOUT_STATE",
    `Rollout ${rollout.id} is ${rollout.state}: shares are set while it is ROUTING`,
  );
}
