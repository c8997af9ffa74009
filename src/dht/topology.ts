/**
 * Which view follows: decided at one place in the cluster, written with a compare-and-set into the
 * replicated store, so that a revision is one view for ever.
 *
 * Members change through a transition only: it opens to the members that are wanted now, is
 * directed elsewhere when others are wanted meanwhile, and ends when every member of the target
 * has said that it holds everything. Nothing is dropped and nobody is asked less before that.
 *
 * @module
 */
import type { Member, View } from "../protocol/dht/view.ts";
import { isSameMember } from "./placement.ts";

/** What is known when a view is decided. */
export interface TopologyFacts {
  /** Members that should hold the data: 1 or more, each node once. */
  readonly wanted: readonly Member[];
  /** Revisions whose transition a node has settled, by node; the greatest of each. */
  readonly settled: ReadonlyMap<string, number>;
  /** Storages that are gone for good: of nodes that were removed from the cluster. */
  readonly lost: ReadonlySet<string>;
}

/**
 * The view that follows, or undefined when the present one stays.
 *
 * @example
 * ```ts
 * import { nextView } from "./topology.ts";
 * const wanted = [{ node: "n1", storage: "s1" }];
 * const facts = { wanted, settled: new Map(), lost: new Set<string>() };
 * const first = nextView(undefined, facts);
 * console.assert(first?.revision === 1 && nextView(first, facts) === undefined);
 * ```
 */
export function nextView(view: View | undefined, facts: TopologyFacts): View | undefined {
  const { settled } = facts;
  const wanted = facts.wanted.toSorted((a, b) => a.node < b.node ? -1 : 1);
  if (wanted.length === 0) return undefined;
  if (view === undefined) return { revision: 1, members: wanted, next: undefined, lost: [] };
  const revision = view.revision + 1;
  const lost = lostOf(view, wanted, facts.lost);
  const target = view.next ?? view.members;
  const isNewlyLost = lost.some((storage) => !view.lost.includes(storage));
  if (!isSameList(target, wanted) || view.next !== undefined && isNewlyLost) {
    // Back to where everything is: nothing has to be fetched, but the others must say so too.
    return { revision, members: view.members, next: wanted, lost };
  }
  const isOver = view.next?.every(({ node }) => settled.get(node) === view.revision);
  if (isOver !== true) return undefined;
  return { revision, members: wanted, next: undefined, lost: [] };
}

/** Members whose storage is gone: removed for good, or their node has another one now. */
function lostOf(view: View, wanted: readonly Member[], gone: ReadonlySet<string>): string[] {
  return view.members.filter((member) =>
    gone.has(member.storage) || view.lost.includes(member.storage) ||
    wanted.some((other) => other.node === member.node && other.storage !== member.storage)
  ).map(({ storage }) => storage).sort();
}

function isSameList(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length &&
    a.every((member) => b.some((other) => isSameMember(member, other)));
}
