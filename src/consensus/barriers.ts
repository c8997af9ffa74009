/**
 * Read barriers: when may a read be answered from the local state?
 *
 * A write is acknowledged after its slot was decided, so a quorum had opened that slot. Whoever asks
 * a quorum for the highest slot it opened and waits until that slot is applied has seen the write:
 * the two quorums meet. No slot is used.
 *
 * @module
 */
import type { Configuration } from "./quorum.ts";
import { quorumSizes } from "./quorum.ts";

interface Barrier {
  readonly configuration: Configuration;
  readonly answers: Map<string, number>;
  /** Slot to wait for, once a quorum has answered. */
  target: number | undefined;
  askAgainAtMs: number;
}

/** The barriers under way at one node. */
export class Barriers {
  readonly #resendMs: number;
  readonly #waiting = new Map<number, Barrier>();

  constructor(resendMs: number) {
    this.#resendMs = resendMs;
  }

  /** Begins a barrier; the caller asks the members. */
  begin(id: number, configuration: Configuration, nowMs: number): void {
    this.#waiting.set(id, {
      configuration,
      answers: new Map(),
      target: undefined,
      askAgainAtMs: nowMs + this.#resendMs,
    });
  }

  /** A member's answer. */
  answer(id: number, from: string, maxOpened: number): void {
    const barrier = this.#waiting.get(id);
    if (barrier === undefined || !barrier.configuration.members.includes(from)) return;
    barrier.answers.set(from, maxOpened);
    const { quorum } = quorumSizes(barrier.configuration.members.length);
    if (barrier.target === undefined && barrier.answers.size >= quorum) {
      barrier.target = Math.max(...barrier.answers.values());
    }
  }

  /**
   * Barriers whose slot is applied. One that was asked in another configuration than the present
   * one is not done but listed under `again`.
   */
  take(nextSlot: number, configuration: Configuration): { done: number[]; again: number[] } {
    const done: number[] = [];
    const again: number[] = [];
    for (const [id, barrier] of this.#waiting) {
      if (barrier.target === undefined || barrier.target >= nextSlot) continue;
      (barrier.configuration === configuration ? done : again).push(id);
    }
    for (const id of [...done, ...again]) this.#waiting.delete(id);
    return { done, again };
  }

  /** Barriers that still lack answers and should be asked again. */
  *due(nowMs: number): Generator<number> {
    for (const [id, barrier] of this.#waiting) {
      if (barrier.target !== undefined || barrier.askAgainAtMs > nowMs) continue;
      barrier.askAgainAtMs = nowMs + this.#resendMs;
      yield id;
    }
  }
}
