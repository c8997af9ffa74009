/**
 * When a node that was removed from the cluster may stop: not before the others can do without it.
 *
 * It learns of its removal from the log, or from the others, who refuse its links from then on. One
 * that refuses may be behind and not know that the node was added again; a majority counts.
 *
 * @module
 */

/** What the decision depends on. */
export interface DepartureView {
  readonly voters: readonly string[];
  /** The next slot that this node applies. */
  readonly nextSlot: number;
  /** Whether this node knows of slots that it has not applied. */
  readonly isBehind: boolean;
  /** The last slot that a node has applied, as far as it is known. */
  appliedBy(node: string): number | undefined;
}

/** One node's departure. */
export class Departure {
  readonly #refusedBy = new Set<string>();
  /** The slot in which the node was removed, or a later one. */
  #removedAt: number | undefined;

  /** The state says at this slot whether the node is removed. */
  see(isRemoved: boolean, slot: number): void {
    if (!isRemoved) this.#removedAt = undefined;
    else this.#removedAt ??= slot;
  }

  /** Somebody refuses to talk to this node, because it was removed. */
  refused(by: string): void {
    this.#refusedBy.add(by);
  }

  /** Somebody talks to this node. */
  accepted(by: string): void {
    this.#refusedBy.delete(by);
  }

  /** Whether most of those who may know refuse this node. */
  isShutOut(peers: readonly string[]): boolean {
    const refusing = peers.filter((peer) => this.#refusedBy.has(peer)).length;
    return refusing > 0 && refusing > peers.length / 2;
  }

  /** Whether a majority of the voters has applied the removal, so that nothing needs this node. */
  isDue({ voters, nextSlot, isBehind, appliedBy }: DepartureView): boolean {
    const removedAt = this.#removedAt;
    // While it catches up, it may come to know that it was added again.
    if (removedAt === undefined || isBehind || nextSlot <= removedAt) return false;
    const knowing = voters.filter((voter) => (appliedBy(voter) ?? -1) >= removedAt).length;
    return knowing > voters.length / 2;
  }
}
