/**
 * {@link ScalingController}: how many instances each slice should have for the calls it gets.
 *
 * Each slice is judged by its own calls and its own CPU time, so that a busy one scales and idle
 * ones do not. It grows when either is above a limit per instance, or far above its recent mean,
 * for a while; it shrinks when both have been low for longer. The leader calls it once a second.
 *
 * @module
 */

/** Looks above the limit before a slice grows, and below before it shrinks. */
const looks = { up: 3, down: 30 } as const;
const windowLooks = 30;
/** CPU time is known only every few seconds: its mean over these looks counts. */
const cpuLooks = 10;
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
  /** Cores that all its instances used together since the last look. */
  readonly cores: number;
  /** Whether instances start, end or take over just now. */
  readonly isChanging: boolean;
}

/** Limits, as configured now. */
export interface ScalingRules {
  /** Calls under way per instance above which a slice grows. */
  readonly upInFlight: number;
  /** Calls under way per instance below which it shrinks. */
  readonly downInFlight: number;
  /** The same for the share of a core that each instance uses. */
  readonly upCpuPercent: number;
  readonly downCpuPercent: number;
  readonly maxInstances: number;
}

/** A change of a slice, and why. */
export interface ScalingDecision {
  readonly artifactBase: string;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  /** Cores that all its instances used together, over the last looks. */
  readonly cores: number;
}

interface Memory {
  readonly calls: Measure;
  readonly cpu: Measure;
  readonly cores: number[];
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
    const instances = Math.max(1, load.instances);
    remember(memory.cores, load.cores, cpuLooks);
    const cores = meanOf(memory.cores);
    const calls = memory.calls.look(load.inFlight / instances, rules.upInFlight);
    const cpu = memory.cpu.look(100 * cores / instances, rules.upCpuPercent);
    const isLow = memory.calls.last < rules.downInFlight && memory.cpu.last < rules.downCpuPercent;
    memory.up = calls !== undefined || cpu !== undefined ? memory.up + 1 : 0;
    memory.down = isLow ? memory.down + 1 : 0;
    if (load.isChanging) memory.changedAtMs = nowMs;
    const isEarly = nowMs - this.#beganAtMs < warmUpMs || nowMs - memory.changedAtMs < cooldownMs;
    if (isEarly) return undefined;
    const to = this.#wanted(memory, { ...load, cores }, rules);
    if (to === load.instances) return undefined;
    Object.assign(memory, { up: 0, down: 0, changedAtMs: nowMs });
    const { artifactBase, instances: from } = load;
    const texts = {
      calls: `${memory.calls.last.toFixed(2)} calls under way per instance`,
      cpu: `${memory.cpu.last.toFixed(0)} % of a core per instance`,
    };
    const reason = to < from
      ? `${texts.calls}, below ${rules.downInFlight}, and ${texts.cpu}, below ` +
        String(rules.downCpuPercent)
      : calls !== undefined
      ? `${texts.calls}, above ${calls}`
      : `${texts.cpu}, above ${cpu}`;
    return { artifactBase, from, to, reason, cores };
  }

  #wanted(memory: Memory, load: SliceLoad, rules: ScalingRules): number {
    const { instances, minAvailable, errorRate } = load;
    if (memory.up >= looks.up && errorRate <= errorRateMax) {
      return Math.max(instances, Math.min(instances + 1, rules.maxInstances));
    }
    if (memory.down < looks.down) return instances;
    // Not so far that what remains would have to grow again at once.
    const rest = Math.max(1, instances - 1);
    const isEnough = load.inFlight / rest < rules.upInFlight &&
      100 * load.cores / rest < rules.upCpuPercent;
    return isEnough ? Math.max(instances - 1, minAvailable, 1) : instances;
  }

  #memoryOf(base: string): Memory {
    const known = this.#memories.get(base);
    if (known !== undefined) return known;
    const memory = {
      calls: new Measure(),
      cpu: new Measure(),
      cores: [],
      up: 0,
      down: 0,
      changedAtMs: -cooldownMs,
    };
    this.#memories.set(base, memory);
    return memory;
  }
}

/** One thing that is measured per instance, beside its limit and its recent mean. */
class Measure {
  readonly #window: number[] = [];
  last = 0;

  /** Takes a value; answers above what it is, if it is too much. */
  look(value: number, limit: number): string | undefined {
    const isFull = this.#window.length >= windowLooks;
    const isJump = isFull && value > jumpFactor * meanOf(this.#window) && value > limit / 2;
    remember(this.#window, value, windowLooks);
    this.last = value;
    if (value > limit) return String(limit);
    return isJump ? `${jumpFactor} times their mean` : undefined;
  }
}

function remember(window: number[], value: number, most: number): void {
  window.push(value);
  if (window.length > most) window.shift();
}

function meanOf(window: readonly number[]): number {
  return window.reduce((sum, each) => sum + each, 0) / Math.max(1, window.length);
}
