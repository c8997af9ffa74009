/**
 * Taking part again without memory: in which slots may a node not take part?
 *
 * A node that forgot what it sent could send something else for the same slot, and two quorums
 * would disagree. It asks the others for the highest slot that anybody opened, adds the window, and
 * abstains up to there: it had opened a slot s only when s - window was decided, so a quorum had
 * opened s - window, and that quorum meets the one that answers.
 *
 * The members asked must be those of slot s - window. If the configuration changed in between, a
 * quorum of the former members has opened its last slot; the answers say so, and the node learns
 * the log up to there before it trusts them.
 *
 * @module
 */
import type { Configurations } from "./quorum.ts";
import { quorumSizes } from "./quorum.ts";

/** One node's abstention; a node that never forgot anything has none. */
export class Rejoin {
  readonly #self: string;
  readonly #window: number;
  /** Names this life; undefined for a node that abstains from nothing. */
  readonly nonce: string | undefined;
  readonly #answers = new Map<string, number>();
  #abstainUpTo: number;
  #askAtMs = -Infinity;

  constructor(self: string, window: number, nonce: string | undefined) {
    this.#self = self;
    this.#window = window;
    this.nonce = nonce;
    this.#abstainUpTo = nonce === undefined ? -1 : Infinity;
  }

  /** Whether the node does not know yet from where on it may take part. */
  get isAsking(): boolean {
    return this.#abstainUpTo === Infinity;
  }

  /** The last slot in which this node takes no part; -1 without one, Infinity while unknown. */
  get abstainUpTo(): number {
    return this.#abstainUpTo;
  }

  /** A member's answer. The first one will do: it was given after this life began. */
  answer(from: string, nonce: string, maxOpened: number): void {
    if (nonce !== this.nonce || from === this.#self || this.#answers.has(from)) return;
    this.#answers.set(from, maxOpened);
  }

  /** Draws the conclusion once enough is known; `next` is the next slot to apply. */
  conclude(next: number, configurations: Configurations): void {
    if (!this.isAsking) return;
    const { members } = configurations.at(next);
    const { quorum } = quorumSizes(members.length);
    let count = 0;
    let highest = next - 1;
    for (const [from, maxOpened] of this.#answers) {
      if (!members.includes(from)) continue;
      count++;
      highest = Math.max(highest, maxOpened);
    }
    if (count < quorum || next <= highest) return;
    this.#abstainUpTo = highest + this.#window;
  }

  /** Whether it is time to ask (again). */
  isDue(next: number, nowMs: number, everyMs: number): boolean {
    if (next > this.#abstainUpTo || nowMs < this.#askAtMs) return false;
    this.#askAtMs = nowMs + everyMs;
    return true;
  }
}
