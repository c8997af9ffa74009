/**
 * Which node opens which slot: a hint that keeps proposals equal.
 *
 * Slots are dealt out, in blocks, among the nodes whose batches were decided two blocks before, so
 * that nodes do not open the same slot with different batches, and a node without load owns nothing
 * that others would have to wait for. Nothing depends on the hint: when an owner is slow, others
 * open its slot.
 *
 * @module
 */
import type { Digest } from "../protocol/consensus/message.ts";

/** The node that submitted a batch: digests are `node/hash`. */
export function originOf(digest: Digest): string {
  const end = digest.indexOf("/");
  return end < 0 ? "" : digest.slice(0, end);
}

const blocksKept = 4;

/** Owners of slots at one node. */
export class Ownership {
  readonly #blockSlots: number;
  readonly #origins = new Map<number, Set<string>>();

  /** @param blockSlots size of a block; at least the window, so that its input is known in time */
  constructor(blockSlots: number) {
    this.#blockSlots = blockSlots;
  }

  /** A slot was applied. */
  applied(slot: number, digest: Digest): void {
    const block = this.#blockOf(slot);
    let origins = this.#origins.get(block);
    if (origins === undefined) {
      this.#origins.set(block, origins = new Set());
      for (const old of this.#origins.keys()) {
        if (old < block - blocksKept) this.#origins.delete(old);
      }
    }
    const origin = originOf(digest);
    if (origin !== "") origins.add(origin);
  }

  /** The owner of a slot among the members, passing over suspected ones. */
  ownerOf(
    slot: number,
    members: readonly string[],
    suspected: ReadonlySet<string>,
  ): string | undefined {
    const block = this.#blockOf(slot);
    const live = members.filter((member) => !suspected.has(member));
    const origins = this.#origins.get(block - 2);
    const active = live.filter((member) => origins?.has(member));
    if (active.length > 0) return active[slot % active.length];
    return live[block % live.length];
  }

  #blockOf(slot: number): number {
    return Math.floor(slot / this.#blockSlots);
  }
}
