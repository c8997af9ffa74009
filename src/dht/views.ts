/**
 * The view that a node has, and how it comes to the next.
 *
 * Before a node serves with a new view, it keeps in its storage that it is about to, so that it
 * never serves with an older view again, not even after a crash. Then it removes what it may still
 * have of partitions that the view gives it, and keeps that this is done. Meanwhile it serves
 * nobody.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import {
  dhtScopes,
  partitionCount,
  type Quorums,
  quorumsOf,
  type ScopeName,
  scopeNames,
} from "../protocol/dht/scope.ts";
import type { Member, View } from "../protocol/dht/view.ts";
import type { Core } from "./core.ts";
import { isSameMember, Placement } from "./placement.ts";

/** Who owns a partition, as long as the view stays. */
export interface Owners {
  /** Who holds every acknowledged write. */
  readonly now: readonly Member[];
  readonly quorums: Quorums;
  /** Who will hold them when the open transition is over, with their quorums. */
  readonly next: { readonly members: readonly Member[]; readonly quorums: Quorums } | undefined;
}

/** A partition of a scope. */
export interface Unit {
  readonly scope: ScopeName;
  readonly partition: number;
}

/** A view with the rings of its members. */
export class PlacedView {
  readonly view: View;
  readonly #now: Placement;
  readonly #next: Placement | undefined;
  readonly #owners = new Map<ScopeName, (Owners | undefined)[]>();

  constructor(view: View) {
    this.view = view;
    this.#now = new Placement(view.members);
    this.#next = view.next === undefined ? undefined : new Placement(view.next);
  }

  /** The owners of a partition. */
  owners(scope: ScopeName, partition: number): Owners {
    let known = this.#owners.get(scope);
    if (known === undefined) this.#owners.set(scope, known = Array(partitionCount));
    return known[partition] ??= this.#find(scope, partition);
  }

  #find(scope: ScopeName, partition: number): Owners {
    const config = dhtScopes[scope];
    // What may be lost is where it will be at once: nobody has to wait for it.
    const first = config.kind === "cache" ? this.#next ?? this.#now : this.#now;
    const quorums = quorumsOf(config, first.members.length);
    const now = first.owners(partition, quorums.replicas);
    if (this.#next === undefined || config.kind === "cache") {
      return { now, quorums, next: undefined };
    }
    const later = quorumsOf(config, this.#next.members.length);
    const members = this.#next.owners(partition, later.replicas);
    return { now, quorums, next: { members, quorums: later } };
  }

  /** Whether a storage will never answer again. */
  isLost({ storage }: Member): boolean {
    return this.view.lost.includes(storage);
  }
}

/** The view of a node. */
export class Views {
  readonly #core: Core;
  readonly #adopted: () => void;
  readonly #me: Member;
  #current: PlacedView | undefined;
  #wanted: PlacedView | undefined;
  #isSwitching = false;
  #isStoring = false;

  /** @param adopted called when another view is in force */
  constructor(core: Core, adopted: () => void) {
    this.#core = core;
    this.#adopted = adopted;
    this.#me = { node: core.self, storage: core.start.storage };
  }

  /** The view that is in force; undefined between two views and before the first. */
  get current(): PlacedView | undefined {
    return this.#isSwitching ? undefined : this.#current;
  }

  /** Its revision, 0 without one. */
  get revision(): number {
    return this.#current?.view.revision ?? 0;
  }

  /** The view to tell others that are behind. */
  get latest(): View | undefined {
    return this.#current?.view;
  }

  /** Whether a view is in force and no transition is open. */
  get isSettled(): boolean {
    return this.current !== undefined && this.current.view.next === undefined;
  }

  /** Whether this node is among the members. */
  includesMe(members: readonly Member[]): boolean {
    return members.some((member) => isSameMember(member, this.#me));
  }

  /** Takes a view that the replicated store or another node has. */
  offer(view: View): void {
    const newest = Math.max(this.revision, this.#wanted?.view.revision ?? 0);
    if (view.revision <= newest || view.revision < this.#core.start.revision) return;
    this.#wanted = new PlacedView(view);
    this.progress();
  }

  /** Goes on with what could not be done before. */
  progress(): void {
    const wanted = this.#wanted;
    if (wanted === undefined || this.#isStoring) return;
    this.#isSwitching = true;
    this.#isStoring = true;
    const gained = this.#gained(wanted);
    if (gained.length === 0) return this.#enter(wanted);
    // A half says: about to serve with the next revision.
    this.#core.store({ op: "adopt", revision: wanted.view.revision - 0.5 }, (reply) => {
      if (reply.op === "adopt") this.#drop(wanted, gained);
      else this.#isStoring = false;
    });
  }

  #drop(wanted: PlacedView, gained: readonly Unit[]): void {
    let left = gained.length;
    let isFailed = false;
    for (const unit of gained) {
      this.#core.store({ op: "drop", ...unit }, (reply) => {
        isFailed ||= reply.op !== "drop";
        if (--left > 0) return;
        if (isFailed) this.#isStoring = false;
        else this.#enter(wanted);
      });
    }
  }

  #enter(wanted: PlacedView): void {
    this.#core.store({ op: "adopt", revision: wanted.view.revision }, (reply) => {
      this.#isStoring = false;
      if (reply.op !== "adopt") return;
      this.#isSwitching = false;
      if (this.#wanted === wanted) this.#wanted = undefined;
      assert(wanted.view.revision > this.revision, "Views come in order");
      this.#current = wanted;
      const { revision, next } = wanted.view;
      this.#core.note({ type: "adopted", revision, isOpen: next !== undefined });
      this.#adopted();
      this.progress();
    });
  }

  /** Partitions that the view gives this node, and of which it may have something old. */
  #gained(wanted: PlacedView): Unit[] {
    const { view } = wanted;
    // Whatever was there when the revision was kept has come with it.
    if (view.revision === this.#core.start.revision) return [];
    const before = this.#current;
    const isNextInLine = before !== undefined && before.view.revision + 1 === view.revision;
    const gained: Unit[] = [];
    for (const scope of scopeNames) {
      const isCache = dhtScopes[scope].kind === "cache";
      if (!isCache && view.next === undefined) continue;
      for (let partition = 0; partition < partitionCount; partition++) {
        const { now, next } = wanted.owners(scope, partition);
        const had = isNextInLine ? before.owners(scope, partition) : undefined;
        const isGained = isCache
          ? this.includesMe(now) && !(had !== undefined && this.includesMe(had.now))
          : this.includesMe(next?.members ?? []) && !this.includesMe(now) &&
            !this.includesMe(had?.next?.members ?? []);
        if (isGained) gained.push({ scope, partition });
      }
    }
    return gained;
  }
}
