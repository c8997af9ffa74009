/**
 * Which node opens a slot: a hint that keeps proposals equal.
 *
 * The node whose clients were busiest two blocks before opens the slots of a block, with the
 * batches of all; the next in turn does so when it does not. Every node finds the same one in the
 * log, and nothing is wrong when they do not: then proposals differ, and the slot takes longer.
 *
 * @module
 */
import type { Digest } from "../../protocol/consensus/message.ts";

const blocksKept = 4;

/** The openers of slots, as one node sees them. */
export class Openers {
  readonly #blockSlots: number;
  readonly #lateMs: number;
  /** Batches by origin, by block. */
  readonly #origins = new Map<number, Map<string, number>>();
  /** Nodes that let others open their slots: until when they are passed over. */
  readonly #late = new Map<string, number>();
  #suspected: ReadonlySet<string> = new Set();

  /**
   * @param blockSlots size of a block; at least the window, so that its input is known in time
   * @param lateMs how long a late node is passed over
   */
  constructor(blockSlots: number, lateMs: number) {
    this.#blockSlots = blockSlots;
    this.#lateMs = lateMs;
  }

  /** Nodes that seem to be down are passed over. */
  suspect(nodes: ReadonlySet<string>): void {
    this.#suspected = nodes;
  }

  /** Whether one of the nodes is passed over since it seems to be down. */
  isSuspected(nodes: readonly string[]): boolean {
    return this.#suspected.size > 0 && nodes.some((node) => this.#suspected.has(node));
  }

  /** A slot was applied. */
  applied(slot: number, digests: Iterable<Digest>): void {
    const block = this.#blockOf(slot);
    let counts = this.#origins.get(block);
    if (counts === undefined) {
      this.#origins.set(block, counts = new Map());
      for (const old of this.#origins.keys()) {
        if (old < block - blocksKept) this.#origins.delete(old);
      }
    }
    for (const digest of digests) {
      const origin = originOf(digest);
      counts.set(origin, (counts.get(origin) ?? 0) + 1);
    }
  }

  /** How many members should open the slot before this node does. */
  rankOf(node: string, slot: number, members: readonly string[], nowMs: number): number {
    const ordered = this.#ordered(slot, members, nowMs);
    return Math.max(0, ordered.indexOf(node));
  }

  /** A node opened a slot because those before it did not: they are passed over for a while. */
  overtaken(by: string, slot: number, members: readonly string[], nowMs: number): void {
    const ordered = this.#ordered(slot, members, nowMs);
    for (const node of ordered.slice(0, Math.max(0, ordered.indexOf(by)))) this.late(node, nowMs);
  }

  /** A node is passed over for a while. */
  late(node: string, nowMs: number): void {
    this.#late.set(node, nowMs + this.#lateMs);
  }

  /** A node opened a slot in time. */
  present(node: string): void {
    this.#late.delete(node);
  }

  /** Members in the order in which they should open the slot. */
  #ordered(slot: number, members: readonly string[], nowMs: number): string[] {
    const block = this.#blockOf(slot);
    const first = this.#busiest(block - 2, members) ?? members[block % members.length] ?? "";
    const index = members.indexOf(first);
    const turned = [...members.slice(index), ...members.slice(0, index)];
    if (this.#late.size === 0 && this.#suspected.size === 0) return turned;
    const isOut = (node: string) =>
      this.#suspected.has(node) || (this.#late.get(node) ?? -Infinity) > nowMs;
    return [
      ...turned.filter((node) => !isOut(node)),
      ...turned.filter((node) => isOut(node)),
    ];
  }

  #busiest(block: number, members: readonly string[]): string | undefined {
    const counts = this.#origins.get(block);
    if (counts === undefined) return undefined;
    let best: string | undefined;
    let highest = 0;
    for (const member of members) {
      const count = counts.get(member) ?? 0;
      if (count > highest) {
        best = member;
        highest = count;
      }
    }
    return best;
  }

  #blockOf(slot: number): number {
    return Math.floor(slot / this.#blockSlots);
  }
}

/** The node that submitted a batch: digests are `node/hash`. */
function originOf(digest: Digest): string {
  const end = digest.indexOf("/");
  return end < 0 ? "" : digest.slice(0, end);
}
