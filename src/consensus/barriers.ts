/**
 * Read barriers: when may a read be answered from the local state?
 *
 * A write is acknowledged after its slot was decided, so a quorum had opened that slot. Whoever
 * asks a quorum for the highest slot it opened and waits until that slot is applied has seen the
 * write: the two quorums meet. No slot is used.
 *
 * One round asks at a time; barriers that come meanwhile share the next one. If the configuration
 * changed before a round ends, its members may have been the wrong ones to ask: it is asked again,
 * with the barriers that came meanwhile. A round is named by its newest barrier, so that an answer
 * from before that one began is not taken for an answer to it.
 *
 * @module
 */
import type { Configuration } from "./quorum.ts";
import { quorumSizes } from "./quorum.ts";

/** Barriers of one question to the members. */
interface Round {
  /** Id of its newest barrier. */
  readonly id: number;
  readonly barriers: readonly number[];
  readonly configuration: Configuration;
  readonly answers: Map<string, number>;
  askAgainAtMs: number;
}

/** A round that was answered. */
interface Answered {
  readonly round: Round;
  /** The slot to wait for. */
  readonly target: number;
}

/** The barriers under way at one node. */
export class Barriers {
  readonly #barriersMax: number;
  readonly #resendMs: number;
  #pending: number[] = [];
  #asking: Round | undefined;
  #answered: Answered[] = [];
  #size = 0;

  constructor(options: { readonly barriersMax: number; readonly resendMs: number }) {
    this.#barriersMax = options.barriersMax;
    this.#resendMs = options.resendMs;
  }

  /** Barriers that are not done. */
  get size(): number {
    return this.#size;
  }

  /** Begins a barrier, whose id is greater than all before; false when too many are under way. */
  begin(id: number): boolean {
    if (this.#size >= this.#barriersMax) return false;
    this.#size++;
    this.#pending.push(id);
    return true;
  }

  /** Starts a round if one is due; answers its id, to be asked of all members. */
  start(configuration: Configuration, nowMs: number): number | undefined {
    if (this.#pending.length === 0 || this.#asking !== undefined) return undefined;
    const barriers = this.#pending;
    const id = barriers.reduce((one, other) => Math.max(one, other));
    this.#pending = [];
    const askAgainAtMs = nowMs + this.#resendMs;
    this.#asking = { id, barriers, configuration, answers: new Map(), askAgainAtMs };
    return id;
  }

  /** A member's answer. */
  answer(id: number, from: string, maxOpened: number): void {
    const round = this.#asking;
    if (round?.id !== id || !round.configuration.members.includes(from)) return;
    round.answers.set(from, maxOpened);
    const { quorum } = quorumSizes(round.configuration.members.length);
    if (round.answers.size < quorum) return;
    this.#answered.push({ round, target: Math.max(...round.answers.values()) });
    this.#asking = undefined;
  }

  /** Barriers whose slot is applied; `configuration` is the one of the next slot. */
  take(next: number, configuration: Configuration): number[] {
    if (this.#answered.length === 0) return [];
    const done: number[] = [];
    const isReady = ({ target }: Answered) => target < next;
    for (const { round } of this.#answered.filter(isReady)) {
      if (round.configuration === configuration) done.push(...round.barriers);
      else this.#pending.push(...round.barriers);
    }
    this.#answered = this.#answered.filter((each) => !isReady(each));
    this.#size -= done.length;
    return done;
  }

  /** The round that still lacks answers, if all members should be asked again. */
  due(configuration: Configuration, nowMs: number): number | undefined {
    const round = this.#asking;
    if (round === undefined || round.askAgainAtMs > nowMs) return undefined;
    if (round.configuration !== configuration) {
      // Those it asks may be gone.
      this.#asking = undefined;
      this.#pending.unshift(...round.barriers);
      return this.start(configuration, nowMs);
    }
    round.askAgainAtMs = nowMs + this.#resendMs;
    return round.id;
  }
}
