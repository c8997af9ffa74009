/**
 * {@link ScalingController}: how many instances each slice should have for the calls it gets.
 *
 * Each slice is judged by its own calls, so that a busy one scales and idle ones do not. It grows
 * when calls under way per instance are above a limit, or far above their recent mean, for a while;
 * it shrinks when they have been low for longer. The leader calls it once a second.
 *
 * @module
 */

/** Looks above the limit before a slice grows, and below before it shrinks. */
const looks = { up: 3, down: 30 } as const;
const windowLooks = 30;
/** Time after a change in which a slice is left alone, and after the leader began. */
const cooldownMs = 10_000;
const warmUpMs = 30_000;
/** A slice that fails calls is ill, not small. */
const errorRateMax = 0.1;
/** A jump to so many times the recent mean counts as too much, at half of the limit. */
const jumpFactor = 1.5;

/** What a slice's gateways have seen since the last look. */
export interface SliceLoad {
  readonly artifactBase: string;
  readonly instances: number;
  readonly minAvailable: number;
  /** Calls under way on average, all instances together. */
  readonly inFlight: number;
  readonly requestsPerSecond: number;
  /** 0 to 1. */
  readonly errorRate: number;
  readonly p99Ms: number;
  /** Whether instances start, end or take over just now. */
  readonly isChanging: boolean;
}

/** Limits, as configured now. */
export interface ScalingRules {
  /** Calls under way per instance above which a slice grows. */
  readonly upInFlight: number;
  /** Calls under way per instance below which it shrinks. */
  readonly downInFlight: number;
  readonly maxInstances: number;
}

/** A change of a slice, and why. */
export interface ScalingDecision {
  readonly artifactBase: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

interface Memory {
  readonly window: number[];
  up: number;
  down: number;
  changedAtMs: number;
}

/** The controller of one leader. */
export class ScalingController {
  readonly #beganAtMs: number;
  readonly #memories = new Map<string, Memory>();

  /** @param nowMs of a monotonic clock, as for `decide` */
  constructor(nowMs: number) {
    this.#beganAtMs = nowMs;
  }

  /** Looks at a slice; answers a change when one is due. */
  decide(load: SliceLoad, rules: ScalingRules, nowMs: number): ScalingDecision | undefined {
    const memory = this.#memoryOf(load.artifactBase);
    const perInstance = load.inFlight / Math.max(1, load.instances);
    const mean = memory.window.reduce((sum, each) => sum + each, 0) /
      Math.max(1, memory.window.length);
    const isFull = memory.window.length >= windowLooks;
    memory.window.push(perInstance);
    if (memory.window.length > windowLooks) memory.window.shift();
    const isJump = isFull && perInstance > jumpFactor * mean &&
      perInstance > rules.upInFlight / 2;
    memory.up = perInstance > rules.upInFlight || isJump ? memory.up + 1 : 0;
    memory.down = perInstance < rules.downInFlight ? memory.down + 1 : 0;
    if (load.isChanging) memory.changedAtMs = nowMs;
    const isEarly = nowMs - this.#beganAtMs < warmUpMs || nowMs - memory.changedAtMs < cooldownMs;
    if (isEarly) return undefined;
    const to = this.#wanted(memory, load, rules);
    if (to === load.instances) return undefined;
    Object.assign(memory, { up: 0, down: 0, changedAtMs: nowMs });
    const calls = `${perInstance.toFixed(2)} calls under way per instance`;
    const limit = to > load.instances
      ? `above ${isJump ? `${jumpFactor} times their mean` : rules.upInFlight}`
      : `below ${rules.downInFlight}`;
    const { artifactBase, instances: from } = load;
    return { artifactBase, from, to, reason: `${calls}, ${limit}` };
  }

  #wanted(memory: Memory, load: SliceLoad, rules: ScalingRules): number {
    const { instances, minAvailable, errorRate } = load;
    if (memory.up >= looks.up && errorRate <= errorRateMax) {
      return Math.max(instances, Math.min(instances + 1, rules.maxInstances));
    }
    if (memory.down < looks.down) return instances;
    // Not so far that what remains would have to grow again at once.
    const after = load.inFlight / Math.max(1, instances - 1);
    return after < rules.upInFlight ? Math.max(instances - 1, minAvailable, 1) : instances;
  }

  #memoryOf(base: string): Memory {
    const known = this.#memories.get(base);
    if (known !== undefined) return known;
    const memory = { window: [], up: 0, down: 0, changedAtMs: -cooldownMs };
    this.#memories.set(base, memory);
    return memory;
  }
}
