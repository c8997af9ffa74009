/**
 * What operators are told about the DHT: the ring, where a key is, and how repair is doing.
 *
 * @module
 */
import { partitionCount, type ScopeName } from "../protocol/dht/scope.ts";
import type { Member } from "../protocol/dht/view.ts";
import { isSameMember, partitionOf } from "./placement.ts";
import type { ComparisonFigures } from "./sync/comparison.ts";
import type { PlacedView, Views } from "./views.ts";

/** Share of a member in a scope. */
interface Share {
  readonly node: string;
  readonly storage: string;
  /** Partitions that it holds, and those of which it is the first owner. */
  readonly partitions: number;
  readonly first: number;
}

/** A node's part of the DHT. */
export interface DhtStatus {
  /** 0 before the node knows the members. */
  readonly revision: number;
  /** Whether members are changing. */
  readonly isOpen: boolean;
  readonly members: readonly Member[];
  readonly next: readonly Member[];
  readonly lost: readonly string[];
  readonly partitions: number;
  /** Who holds how much, by scope. */
  readonly shares: Readonly<Record<ScopeName, readonly Share[]>> | undefined;
  /** Partitions that the open transition gives to this node, and those that are left. */
  readonly transition: { readonly partitions: number; readonly left: number };
  /** Comparisons with the other owners. */
  readonly comparison: ComparisonFigures;
  readonly syncs: { readonly running: number; readonly waiting: number };
  /** Entries fetched from other owners since the start. */
  readonly fetched: number;
  /** Tombstones removed since the start. */
  readonly collected: number;
  /** Operations of this node and requests of others that are under way. */
  readonly operations: number;
  readonly serving: number;
}

/** Where a key is. */
export interface DhtLocation {
  readonly partition: number;
  readonly owners: readonly string[];
  /** Owners after the open transition; empty without one. */
  readonly next: readonly string[];
  readonly readQuorum: number;
  readonly writeQuorum: number;
}

/** Puts a status together. */
export function statusOf(
  { views, ...figures }:
    & { readonly views: Views; readonly self: string }
    & Omit<
      DhtStatus,
      "revision" | "isOpen" | "members" | "next" | "lost" | "partitions" | "shares"
    >,
): DhtStatus {
  const view = views.latest;
  const { self: _, ...rest } = figures;
  return {
    revision: views.revision,
    isOpen: view?.next !== undefined,
    members: view?.members ?? [],
    next: view?.next ?? [],
    lost: view?.lost ?? [],
    partitions: partitionCount,
    shares: views.current === undefined ? undefined : sharesOf(views.current),
    ...rest,
  };
}

/** Says where a key is. */
export function locationOf(
  view: PlacedView | undefined,
  scope: ScopeName,
  key: string,
): DhtLocation | undefined {
  if (view === undefined) return undefined;
  const partition = partitionOf(key);
  const { now, quorums, next } = view.owners(scope, partition);
  return {
    partition,
    owners: now.map(({ node }) => node),
    next: next?.members.map(({ node }) => node) ?? [],
    readQuorum: quorums.read,
    writeQuorum: quorums.write,
  };
}

function sharesOf(view: PlacedView): Record<ScopeName, readonly Share[]> {
  const of = (scope: ScopeName) => sharesIn(view, scope);
  return { artifacts: of("artifacts"), chunks: of("chunks"), cache: of("cache"), full: of("full") };
}

function sharesIn(view: PlacedView, scope: ScopeName): Share[] {
  const shares = view.view.members.map((member) => ({ ...member, partitions: 0, first: 0 }));
  for (let partition = 0; partition < partitionCount; partition++) {
    const { now } = view.owners(scope, partition);
    for (const [i, owner] of now.entries()) {
      const share = shares.find((each) => isSameMember(each, owner));
      if (share === undefined) continue;
      share.partitions++;
      if (i === 0) share.first++;
    }
  }
  return shares;
}
