/**
 * Rejoining without memory: in which slots may a node not take part?
 *
 * A node that forgot what it sent could send something else for the same slot, and two quorums would
 * disagree. It asks the others for the highest slot that anybody opened, adds the window, and
 * abstains up to there: it had opened a slot s only when s - window was decided, so a quorum had
 * opened s - window, and that quorum meets the one that answers.
 *
 * @module
 */
import { quorumSizes } from "./quorum.ts";

/** A node's way back. */
export class Rejoin {
  readonly nonce: string;
  readonly #answers = new Map<string, number>();
  #askAtMs = 0;

  constructor(nonce: string) {
    this.nonce = nonce;
  }

  /**
   * A member's answer; gives the highest opened slot once enough others have answered.
   *
   * Only answers of members count, never the node's own.
   */
  answer(
    from: string,
    maxOpened: number,
    members: readonly string[],
    self: string,
  ): number | undefined {
    if (from === self || !members.includes(from)) return undefined;
    this.#answers.set(from, maxOpened);
    const { quorum } = quorumSizes(members.length);
    return this.#answers.size >= quorum ? Math.max(...this.#answers.values()) : undefined;
  }

  /** Whether it is time to ask (again). */
  isDue(nowMs: number, everyMs: number): boolean {
    if (nowMs < this.#askAtMs) return false;
    this.#askAtMs = nowMs + everyMs;
    return true;
  }
}
