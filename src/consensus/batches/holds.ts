/**
 * Which batches slots hold: those that an undecided slot proposes here, and those that a decided
 * one names until it is applied.
 *
 * A held batch is not proposed in another slot, and its bytes are kept even when it was applied:
 * two slots may name the same batch.
 *
 * @module
 */
import type { Digest } from "../../protocol/consensus/message.ts";

/** The batches held at one node. */
export class Holds {
  readonly #bySlot = new Map<number, readonly Digest[]>();
  readonly #counts = new Map<Digest, number>();

  /** Whether any slot holds the batch. */
  readonly has = (digest: Digest): boolean => this.#counts.has(digest);

  /**
   * Lets a slot hold these batches instead of those it held; answers which nobody holds any more.
   */
  set(slot: number, digests: readonly Digest[]): Digest[] {
    for (const digest of digests) this.#counts.set(digest, (this.#counts.get(digest) ?? 0) + 1);
    const before = this.#bySlot.get(slot) ?? [];
    if (digests.length > 0) this.#bySlot.set(slot, digests);
    else this.#bySlot.delete(slot);
    return before.filter((digest) => this.#release(digest));
  }

  /** Lets slots before this one hold nothing; answers which batches nobody holds any more. */
  releaseBefore(slot: number): Digest[] {
    return [...this.#bySlot.keys()].filter((held) => held < slot)
      .flatMap((held) => this.set(held, []));
  }

  #release(digest: Digest): boolean {
    const count = (this.#counts.get(digest) ?? 0) - 1;
    if (count > 0) this.#counts.set(digest, count);
    else this.#counts.delete(digest);
    return count <= 0;
  }
}
