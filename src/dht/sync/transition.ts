/**
 * Takes over what an open transition gives to this node.
 *
 * A partition whose owners change is taken over when everything is here that so many of its present
 * owners have that no acknowledged write can be missing; this node counts if it is one of them.
 * Also those that stay owners do this: they may have missed writes that only the leaving ones have.
 *
 * @module
 */
import { dhtScopes, partitionCount, type ScopeName, scopeNames } from "../../protocol/dht/scope.ts";
import type { Member } from "../../protocol/dht/view.ts";
import type { Core } from "../core.ts";
import { isSameMember } from "../placement.ts";
import type { PartitionState } from "../types.ts";
import type { Owners, PlacedView, Unit, Views } from "../views.ts";
import type { DigestExchange } from "./digest_exchange.ts";
import type { Syncs } from "./syncs.ts";

/** Time before nodes are asked again that could not give all they have. */
const againMs = 500;

/** A partition to take over. */
interface Takeover {
  readonly unit: Unit;
  /** Present owners to ask. */
  readonly sources: readonly string[];
  /** How many of them must have given everything. */
  readonly required: number;
  readonly complete: Set<string>;
  /** Sources that are being asked. */
  readonly busy: Set<string>;
}

/** The transition that is open. */
export class Transition {
  readonly #core: Core;
  readonly #views: Views;
  readonly #syncs: Syncs;
  readonly #exchange: DigestExchange;
  readonly #open = new Map<string, Takeover>();
  #total = 0;
  #state: "none" | "open" | "settled" = "none";
  #againAtMs = 0;

  constructor(
    core: Core,
    { views, syncs, exchange }: {
      readonly views: Views;
      readonly syncs: Syncs;
      readonly exchange: DigestExchange;
    },
  ) {
    this.#core = core;
    this.#views = views;
    this.#syncs = syncs;
    this.#exchange = exchange;
  }

  /** Partitions to take over in this transition, and those that are left. */
  get progress(): { readonly partitions: number; readonly left: number } {
    return { partitions: this.#total, left: this.#open.size };
  }

  /** Another view is in force. */
  adopted(view: PlacedView): void {
    this.#open.clear();
    this.#total = 0;
    this.#state = "none";
    const { next } = view.view;
    if (next === undefined || !this.#views.includesMe(next)) return;
    this.#state = "open";
    this.#againAtMs = this.#core.now.monotonicMs + againMs;
    for (const scope of scopeNames) {
      if (dhtScopes[scope].kind !== "cache") this.#take(view, scope);
    }
    this.#total = this.#open.size;
    this.#compare();
    this.#conclude();
  }

  /** Time has passed. */
  tick(): void {
    const { now: { monotonicMs }, options } = this.#core;
    if (this.#state === "none" || monotonicMs < this.#againAtMs) return;
    if (this.#state === "settled") {
      this.#againAtMs = monotonicMs + options.resendMaxMs;
      return this.#core.push({ type: "settled", revision: this.#views.revision });
    }
    this.#againAtMs = monotonicMs + againMs;
    this.#compare();
  }

  #take(view: PlacedView, scope: ScopeName): void {
    for (let partition = 0; partition < partitionCount; partition++) {
      const owners = view.owners(scope, partition);
      if (owners.next === undefined || !this.#views.includesMe(owners.next.members)) continue;
      if (isSame(owners.now, owners.next.members)) continue;
      const takeover = this.#takeover(view, { scope, partition }, owners);
      this.#open.set(`${scope}/${partition}`, takeover);
    }
  }

  #takeover(view: PlacedView, unit: Unit, { now, quorums }: Owners): Takeover {
    const alive = now.filter((member) => !view.isLost(member));
    const required = Math.min(quorums.handover, alive.length);
    const sources = alive.map(({ node }) => node);
    return { unit, sources, required, complete: new Set(), busy: new Set() };
  }

  /** Most partitions are the same already, or empty: one question settles many. */
  #compare(): void {
    const open = Map.groupBy(this.#open.values(), ({ unit: { scope } }) => scope);
    const { revision } = this.#views;
    for (const [scope, units] of open) {
      const partitions = units.map(({ unit: { partition } }) => partition);
      this.#core.store({ op: "digests", scope, partitions }, (reply) => {
        if (reply.op !== "digests" || this.#views.current?.view.revision !== revision) return;
        this.#ask(scope, units, reply.states);
      });
    }
  }

  #ask(scope: ScopeName, units: readonly Takeover[], states: readonly PartitionState[]): void {
    const { self } = this.#core;
    const peers = new Map<string, PartitionState[]>();
    for (const [i, takeover] of units.entries()) {
      const state = states[i];
      if (state === undefined) continue;
      for (const source of takeover.sources) {
        if (takeover.complete.has(source) || takeover.busy.has(source)) continue;
        if (source !== self) {
          const asked = peers.get(source) ?? [];
          peers.set(source, asked);
          asked.push(state);
          takeover.busy.add(source);
        } else if (state.damaged === 0) takeover.complete.add(self);
      }
      this.#check(takeover);
    }
    for (const [peer, asked] of peers) {
      const question = { scope, states: asked, revision: this.#views.revision };
      this.#exchange.ask(peer, question, ({ same, differing, unknown }) => {
        for (const partition of same) this.#answered({ scope, partition }, peer, true);
        for (const partition of differing) this.#answered({ scope, partition }, peer, false);
        for (const partition of unknown) {
          this.#open.get(`${scope}/${partition}`)?.busy.delete(peer);
        }
      });
    }
  }

  #answered({ scope, partition }: Unit, peer: string, isComplete: boolean): void {
    const takeover = this.#open.get(`${scope}/${partition}`);
    if (takeover === undefined) return;
    takeover.busy.delete(peer);
    if (isComplete) takeover.complete.add(peer);
    if (!this.#check(takeover) && !isComplete) this.#fetch(takeover, peer);
  }

  /** Fetches from a source that has something else. */
  #fetch(takeover: Takeover, source: string): void {
    const { unit, complete, busy } = takeover;
    busy.add(source);
    this.#syncs.transfer(unit, source, ({ isComplete }) => {
      busy.delete(source);
      if (isComplete) complete.add(source);
      this.#check(takeover);
    });
  }

  /** Whether a partition is taken over. */
  #check(takeover: Takeover): boolean {
    const { unit: { scope, partition }, complete, required } = takeover;
    const name = `${scope}/${partition}`;
    if (this.#open.get(name) !== takeover || complete.size < required) return false;
    this.#open.delete(name);
    this.#conclude();
    return true;
  }

  #conclude(): void {
    if (this.#state !== "open" || this.#open.size > 0) return;
    this.#state = "settled";
    this.#againAtMs = 0;
  }
}

function isSame(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length && a.every((each) => b.some((other) => isSameMember(each, other)));
}
