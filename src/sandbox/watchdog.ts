/**
 * Judges one running instance: whether it still answers, and whether it uses too much.
 *
 * Pure: its owner asks the questions, gives it the answers and the time, and does what follows.
 * Both tiers use it.
 *
 * @module
 */
import type { ShellMemory } from "../protocol/thread/instance.ts";
import type { Health } from "../protocol/instance_state.ts";

const mib = 1024 * 1024;
/** Samples in a row that must be over the soft limit: a garbage collection may follow the first. */
const softSamples = 5;

/** When an instance is replaced and when it is ended. */
export interface WatchLimits {
  /** Silence after which it is hung, in milliseconds. */
  readonly hungMs: number;
  /** Over one of these for five samples: it finishes what it does and is replaced. */
  readonly soft: ShellMemory;
  /** Over one of these: it is ended. */
  readonly hard: ShellMemory;
}

/** What an instance answers. */
export interface WatchAnswer {
  readonly sequence: number;
  readonly memory: ShellMemory;
  /** Whether the slice says that it can serve. */
  readonly ready: boolean;
}

/** What to do with the instance now. */
export type Verdict =
  | { readonly action: "none" }
  | { readonly action: "retire"; readonly cause: string }
  | { readonly action: "end"; readonly reason: "hung" | "heap" | "memory"; readonly cause: string };

const none: Verdict = { action: "none" };

/**
 * The limits of an instance that asks for this much heap.
 *
 * @param isEnforced Whether V8 itself ends it at its limit (process tier), so that the soft limit
 * must lie below; a worker's heap has no limit of its own, only what is measured here.
 */
export function watchLimits(heapMb: number, hungMs: number, isEnforced: boolean): WatchLimits {
  const bytes = heapMb * mib;
  return isEnforced
    ? {
      hungMs,
      soft: { heapBytes: 0.8 * bytes, externalBytes: 0.8 * bytes },
      hard: { heapBytes: 2 * bytes, externalBytes: bytes },
    }
    : {
      hungMs,
      soft: { heapBytes: bytes, externalBytes: bytes },
      hard: { heapBytes: 2 * bytes, externalBytes: 2 * bytes },
    };
}

/** Watches one instance. */
export class Watchdog {
  readonly #limits: WatchLimits;
  #sequence = 0;
  #answeredAtMs: number;
  #checkedAtMs: number;
  #softCount = 0;
  #isReady = true;
  #isSilent = false;
  #memory: ShellMemory = { heapBytes: 0, externalBytes: 0 };

  /** Starts with an instance that has just answered. */
  constructor(limits: WatchLimits, nowMs: number) {
    this.#limits = limits;
    this.#answeredAtMs = nowMs;
    this.#checkedAtMs = nowMs;
  }

  /** What the instance last said of itself. */
  get memory(): ShellMemory {
    return this.#memory;
  }

  /** Whether the instance is expected to answer calls soon. */
  get health(): Health {
    if (this.#isSilent) return "SILENT";
    return this.#isReady ? "HEALTHY" : "NOT_READY";
  }

  /** The number of the question to ask now. */
  nextSequence(): number {
    return ++this.#sequence;
  }

  /**
   * Whether the instance is silent for too long; call it at a steady interval.
   *
   * @param intervalMs The interval: a pause of the caller itself is not the instance's silence.
   */
  check(nowMs: number, intervalMs: number): Verdict {
    if (nowMs - this.#checkedAtMs > 2 * intervalMs) this.#answeredAtMs = nowMs;
    this.#checkedAtMs = nowMs;
    const silentMs = nowMs - this.#answeredAtMs;
    // One question may be under way, a second one has waited for too long.
    this.#isSilent = silentMs > 1.5 * intervalMs;
    if (silentMs <= this.#limits.hungMs) return none;
    const cause = `The slice has not answered for ${Math.round(silentMs)} ms: look for an ` +
      "endless loop or for work that should be cut into pieces";
    return { action: "end", reason: "hung", cause };
  }

  /** Takes an answer; one to a question that was never asked counts for nothing. */
  answered(
    { sequence, memory, ready }: WatchAnswer,
    nowMs: number,
  ): Verdict {
    if (sequence > this.#sequence || sequence < 1) return none;
    this.#answeredAtMs = nowMs;
    this.#isSilent = false;
    this.#isReady = ready;
    this.#memory = memory;
    const { soft, hard } = this.#limits;
    if (memory.heapBytes > hard.heapBytes) {
      return { action: "end", reason: "heap", cause: over("heap", memory.heapBytes, hard) };
    }
    if (memory.externalBytes > hard.externalBytes) {
      const cause = over("array buffers", memory.externalBytes, hard);
      return { action: "end", reason: "memory", cause };
    }
    const isOver = memory.heapBytes > soft.heapBytes || memory.externalBytes > soft.externalBytes;
    this.#softCount = isOver ? this.#softCount + 1 : 0;
    if (this.#softCount < softSamples) return none;
    // Said again after as many samples, in case it came too early for its owner.
    this.#softCount = 0;
    const cause = memory.heapBytes > soft.heapBytes
      ? over("heap", memory.heapBytes, soft)
      : over("array buffers", memory.externalBytes, soft);
    return { action: "retire", cause };
  }
}

function over(what: "heap" | "array buffers", bytes: number, limits: ShellMemory): string {
  const limit = what === "heap" ? limits.heapBytes : limits.externalBytes;
  return `The slice uses ${Math.round(bytes / mib)} MiB of ${what}, more than ` +
    `${
      Math.round(limit / mib)
    } MiB: free what it holds, or raise heapMb under [limits] in slice.toml`;
}
