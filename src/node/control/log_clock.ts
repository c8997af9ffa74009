/**
 * The leader's part in log time: it proposes ticks, only while something can expire.
 *
 * A tick says how much of the leader's monotonic clock has passed since the last one, at most a
 * second: after a pause, or a change of leader, the gap counts for nothing. So log time may run
 * slower than real time, never faster, and no lease ends early.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { toAetherError } from "../../base/errors.ts";
import { leaderKey } from "../../protocol/keys.ts";
import { tickMsMax } from "../../protocol/store/command.ts";
import type { Logger } from "../../sdk/logger.ts";
import type { Leadership } from "../cluster/cluster.ts";
import type { ReplicatedStore } from "../cluster/replicated_store.ts";

const intervalMs = 500;

/** What the clock of the log needs. */
export interface LogClockOptions {
  readonly store: Pick<ReplicatedStore, "state" | "propose">;
  readonly clock: Clock;
  readonly log: Logger;
  /** This node's leadership; undefined while it does not lead. */
  leadership(): Leadership | undefined;
}

/** Proposes ticks while this node leads. */
export class LogClock {
  readonly #options: LogClockOptions;
  #timer: Timer;
  /** The term in which time is being counted, and since when. */
  #term: number | undefined;
  #countedMs = 0;
  #isProposing = false;
  #isStopped = false;

  constructor(options: LogClockOptions) {
    this.#options = options;
    this.#timer = options.clock.setTimer(intervalMs, () => this.#run());
  }

  /** Proposes nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer.cancel();
  }

  #run(): void {
    if (this.#isStopped) return;
    this.#beat();
    this.#timer = this.#options.clock.setTimer(intervalMs, () => this.#run());
  }

  #beat(): void {
    const { store, clock, leadership } = this.#options;
    const now = clock.monotonicMs();
    const leading = leadership();
    if (leading === undefined || !store.state.needsTime) {
      this.#term = undefined;
      return;
    }
    if (leading.term !== this.#term) {
      this.#term = leading.term;
      this.#countedMs = now;
      return;
    }
    if (this.#isProposing) return;
    const elapsedMs = Math.min(tickMsMax, Math.floor(now - this.#countedMs));
    this.#countedMs = now;
    this.#propose(leading.term, elapsedMs);
  }

  async #propose(term: number, elapsedMs: number): Promise<void> {
    const { store, log } = this.#options;
    this.#isProposing = true;
    try {
      await store.propose("leader", {
        // Fenced: a leader of the past adds nothing.
        compare: [{ key: leaderKey, revision: term }],
        then: [{ type: "tick", elapsedMs }],
        otherwise: [],
      });
    } catch (error) {
      log.debug("Log time was not advanced", { error: toAetherError(error).message });
    } finally {
      this.#isProposing = false;
    }
  }
}
