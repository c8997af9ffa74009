/**
 * Where entries are: key -> partition -> owners. The only place that says so, for operations,
 * comparisons, transitions and status alike.
 *
 * Every member has {@link virtualNodes} points on a ring, by its name alone; every partition is a
 * point too, and its owners are the first members clockwise. So a member that comes or goes moves
 * only the partitions that it gets or had.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { hash32, mix32 } from "../base/text/hash.ts";
import { partitionCount } from "../protocol/dht/scope.ts";
import type { Member } from "../protocol/dht/view.ts";

/** Points of each member on the ring. */
const virtualNodes = 150;

/** The partition of a key, 0 to {@link partitionCount} - 1. */
export function partitionOf(key: string): number {
  return hash32(key) % partitionCount;
}

/** A ring of members. */
export class Placement {
  readonly members: readonly Member[];
  readonly #points: readonly { readonly at: number; readonly member: Member }[];
  /** Owners by number of replicas, then by partition. */
  readonly #owners = new Map<number, (readonly Member[] | undefined)[]>();

  constructor(members: readonly Member[]) {
    assert(members.length > 0, "A ring needs a member");
    this.members = members;
    const points = members.flatMap((member) => {
      const base = hash32(member.node);
      return Array.from({ length: virtualNodes }, (_, i) => ({
        at: hash32(`${member.node}#${i}`, base),
        member,
      }));
    });
    // Points that coincide are told apart by name, so that every node has the same ring.
    this.#points = points.sort((a, b) =>
      a.at - b.at || (a.member.node < b.member.node ? -1 : a.member.node > b.member.node ? 1 : 0)
    );
  }

  /** The members that hold a partition, in the order in which they are preferred. */
  owners(partition: number, replicas: number): readonly Member[] {
    let known = this.#owners.get(replicas);
    if (known === undefined) this.#owners.set(replicas, known = Array(partitionCount));
    return known[partition] ??= this.#walk(partition, Math.min(replicas, this.members.length));
  }

  #walk(partition: number, count: number): readonly Member[] {
    const found = new Set<Member>();
    const start = this.#firstPoint(mix32(partition ^ 0x7f4a7c15));
    for (let i = 0; found.size < count; i++) {
      const point = this.#points[(start + i) % this.#points.length];
      assert(point !== undefined && i < this.#points.length, "The ring has too few members");
      found.add(point.member);
    }
    return [...found];
  }

  /** The first point at or after a place. */
  #firstPoint(place: number): number {
    let [low, high] = [0, this.#points.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#points[middle]?.at ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Whether two members are the same node with the same storage. */
export function isSameMember(a: Member, b: Member): boolean {
  return a.node === b.node && a.storage === b.storage;
}
