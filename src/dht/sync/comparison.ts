/**
 * Compares everything with the other owners now and then, and fetches what differs.
 *
 * @module
 */
import { dhtScopes, partitionCount, type ScopeName, scopeNames } from "../../protocol/dht/scope.ts";
import type { Core } from "../core.ts";
import type { PartitionState } from "../types.ts";
import type { PlacedView, Views } from "../views.ts";
import type { DigestExchange } from "./digest_exchange.ts";
import type { Syncs } from "./syncs.ts";

/** Figures of comparisons since the start. */
export interface ComparisonFigures {
  readonly runs: number;
  /** Partitions that differed from another owner's in the last run. */
  readonly differing: number;
  /** When the last one began, on the monotonic clock; -1 before the first. */
  readonly lastAtMs: number;
}

/** Comparisons of a node. */
export class Comparison {
  readonly #core: Core;
  readonly #views: Views;
  readonly #syncs: Syncs;
  readonly #exchange: DigestExchange;
  #nextAtMs = -Infinity;
  #runs = 0;
  #differing = 0;
  #lastAtMs = -1;

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

  /** What the comparisons came to. */
  get figures(): ComparisonFigures {
    return { runs: this.#runs, differing: this.#differing, lastAtMs: this.#lastAtMs };
  }

  /** The next one begins at once: after a start, another view or a wish of the operator. */
  hurry(): void {
    this.#nextAtMs = -Infinity;
  }

  /** Time has passed. */
  tick(): void {
    const { now: { monotonicMs }, options, random } = this.#core;
    const view = this.#views.current;
    if (view === undefined || monotonicMs < this.#nextAtMs) return;
    // Not all nodes at once.
    this.#nextAtMs = monotonicMs + options.compareMs * (0.75 + random.nextFloat() / 2);
    this.#runs++;
    this.#differing = 0;
    this.#lastAtMs = monotonicMs;
    for (const scope of scopeNames) {
      if (dhtScopes[scope].kind !== "cache") this.#compare(view, scope);
    }
    if (this.#views.isSettled) { for (const scope of scopeNames) this.#dropOthers(view, scope); }
  }

  /** Another owner has found that partitions differ. */
  differ(scope: ScopeName, partitions: readonly number[], peer: string): void {
    const view = this.#views.current;
    if (view === undefined) return;
    for (const partition of partitions) {
      const { now } = view.owners(scope, partition);
      if (!this.#views.includesMe(now) || !now.some(({ node }) => node === peer)) continue;
      this.#syncs.compare({ scope, partition }, peer);
    }
  }

  #compare(view: PlacedView, scope: ScopeName): void {
    const partitions = this.#partitions(view, scope, true);
    const { revision } = view.view;
    if (partitions.length === 0) return;
    this.#core.store({ op: "digests", scope, partitions }, (reply) => {
      if (reply.op !== "digests" || this.#views.current?.view.revision !== revision) return;
      const peers = new Map<string, PartitionState[]>();
      for (const state of reply.states) {
        for (const { node } of view.owners(scope, state.partition).now) {
          if (node === this.#core.self) continue;
          const states = peers.get(node);
          if (states === undefined) peers.set(node, [state]);
          else states.push(state);
        }
      }
      for (const [peer, states] of peers) {
        this.#exchange.ask(peer, { scope, states, revision }, ({ differing }) => {
          this.#differing += differing.length;
          for (const partition of differing) this.#syncs.compare({ scope, partition }, peer);
        });
      }
    });
  }

  /** Removes what belongs to others: they have it, or the transition would not be over. */
  #dropOthers(view: PlacedView, scope: ScopeName): void {
    const { revision } = view.view;
    const partitions = this.#partitions(view, scope, false);
    if (partitions.length === 0) return;
    this.#core.store({ op: "digests", scope, partitions }, (reply) => {
      if (reply.op !== "digests" || this.#views.current?.view.revision !== revision) return;
      for (const { partition, entries, damaged } of reply.states) {
        if (entries + damaged === 0) continue;
        this.#core.store({ op: "drop", scope, partition }, () => {
          this.#core.note({ type: "dropped", scope, partition });
        });
      }
    });
  }

  /** The partitions that this node holds, or those that it does not. */
  #partitions(view: PlacedView, scope: ScopeName, mine: boolean): number[] {
    const found: number[] = [];
    for (let partition = 0; partition < partitionCount; partition++) {
      if (this.#views.includesMe(view.owners(scope, partition).now) === mine) found.push(partition);
    }
    return found;
  }
}
