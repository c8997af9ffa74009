/**
 * Parts of the simulated world of `world.ts`: time, disks and the bugs that can be planted.
 *
 * @module
 */
import type { SeededRandom } from "../../src/base/random.ts";
import { MemoryLog } from "../../src/messaging/log.ts";

/** Bugs that can be planted. */
export const plantedBugs = [
  "recover from any one replica",
  "acknowledge before a majority has it",
  "take appends of earlier epochs",
  "count what is not durable",
  "advance past what is not handled",
  "hand out a key twice at a time",
] as const;
/** One of {@link plantedBugs}. */
export type PlantedBug = typeof plantedBugs[number];

/** A log that loses what is not durable when its node's power is cut. */
export class CrashingLog extends MemoryLog {
  durable = 0;
  readonly isSynced: boolean;

  constructor(isSynced: boolean) {
    super();
    this.isSynced = isSynced;
  }

  override get durableEnd(): number {
    return this.isSynced ? Math.min(this.durable, this.end) : this.end;
  }

  sync(): void {
    this.durable = this.end;
  }

  override truncate(end: number): void {
    super.truncate(end);
    this.durable = Math.min(this.durable, this.end);
  }

  override reset(first: number): void {
    super.reset(first);
    this.durable = Math.min(this.durable, first);
  }

  /** The power is cut: some of what is not durable stays. */
  cut(random: SeededRandom): void {
    if (!this.isSynced) return;
    const lost = this.end - this.durableEnd;
    if (lost > 0) this.truncate(this.durableEnd + random.nextBelow(lost + 1));
    this.sync();
  }
}

/** What a run did. */
export interface RunReport {
  readonly acknowledged: number;
  readonly handled: number;
  readonly repeated: number;
  readonly leaderChanges: number;
}

interface TimedEvent {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** Time that passes only from one event to the next. */
export class VirtualTime {
  readonly #events: TimedEvent[] = [];
  #order = 0;
  nowMs = 0;

  /** Runs something later. */
  at(delayMs: number, run: () => void): void {
    this.#events.push({ atMs: this.nowMs + delayMs, order: this.#order++, run });
  }

  /** Runs everything up to a time, in order. */
  runUntil(endMs: number): void {
    for (;;) {
      let best: TimedEvent | undefined;
      for (const event of this.#events) {
        if (
          best === undefined || event.atMs < best.atMs ||
          (event.atMs === best.atMs && event.order < best.order)
        ) best = event;
      }
      if (best === undefined || best.atMs > endMs) {
        this.nowMs = endMs;
        return;
      }
      this.#events.splice(this.#events.indexOf(best), 1);
      this.nowMs = best.atMs;
      best.run();
    }
  }
}
