/**
 * A read of a chunk, whose key is the hash of its value: one copy that fits is enough. Owners are
 * asked one after the other, and a quorum of them must agree that there is none.
 *
 * @module
 */
import type { ReadOutcome } from "../../protocol/dht/message.ts";
import type { Member } from "../../protocol/dht/view.ts";
import { Read } from "./read.ts";

/** A read of a chunk. */
export class ChunkRead extends Read {
  #waiting: Member[] = [];
  #nextAtMs = Infinity;

  /** This node itself first, then the others in an order of chance, those that seem down last. */
  protected override firstAsked(): readonly Member[] {
    const { self, down, random } = this.core;
    const rank = ({ node }: Member) =>
      node === self ? -1 : random.nextFloat() + (down.has(node) ? 1 : 0);
    const others = this.everybody().filter((member) => this.view?.isLost(member) !== true);
    this.#waiting = others.map((member) => ({ member, rank: rank(member) }))
      .sort((a, b) => a.rank - b.rank).map(({ member }) => member);
    this.#hedge();
    return this.#waiting.splice(0, 1);
  }

  protected override take(from: string, outcome: ReadOutcome): void {
    if (outcome.type === "entry" && outcome.entry.value !== undefined) {
      const { entry: { value, version } } = outcome;
      const { key } = this.start;
      if (this.core.options.isChunk(key, value)) {
        this.result = { type: "found", value, version };
        return this.repair(outcome.entry);
      }
      const asked = this.asked.get(from);
      if (asked !== undefined) asked.outcome = { type: "failed", cause: "corrupt" };
    }
    this.#askNext();
  }

  protected override conclude(): void {
    // What another owner has may still be on its way.
    if (this.#waiting.length === 0) super.conclude();
  }

  /** One copy is enough: as long as somebody may still answer, there is hope. */
  protected override isHopeless(members: readonly Member[], required: number): boolean {
    const isOver = [...this.asked.values()].every(({ outcome }) => outcome !== undefined);
    return isOver && super.isHopeless(members, required);
  }

  override tick(): void {
    super.tick();
    if (this.result === undefined && this.core.now.monotonicMs >= this.#nextAtMs) this.#askNext();
  }

  #askNext(): void {
    const next = this.#waiting.shift();
    this.#hedge();
    if (next === undefined) return;
    if (this.asked.has(next.node)) return this.#askNext();
    this.ask(next);
  }

  #hedge(): void {
    this.#nextAtMs = this.core.now.monotonicMs + this.core.options.hedgeMs;
  }
}
