/**
 * Removes tombstones that have done their work.
 *
 * The first owner of a partition asks the others which of its tombstones they hold. Those that
 * every owner holds may go, everywhere: nobody has the old value any more. That nothing old comes
 * back by a message on its way is seen to by three things: a write that is not newer than a
 * collected tombstone is refused, what is being fetched for the partition is given up, and nobody
 * is asked and nothing collected while a transition is open.
 *
 * @module
 */
import { dhtLimits, type ListedEntry } from "../../protocol/dht/entry.ts";
import type { DhtMessage } from "../../protocol/dht/message.ts";
import { dhtScopes, partitionCount, type ScopeName, scopeNames } from "../../protocol/dht/scope.ts";
import { compareVersions } from "../../protocol/dht/version.ts";
import type { Core } from "../core.ts";
import { isSameMember } from "../placement.ts";
import type { Unit, Views } from "../views.ts";
import { allBuckets, listRange } from "./listing.ts";
import type { Syncs } from "./syncs.ts";

type Message<Type extends DhtMessage["type"]> = Extract<DhtMessage, { type: Type }>;

/** A question to all owners of a partition. */
interface Round {
  readonly unit: Unit;
  readonly tombstones: readonly ListedEntry[];
  readonly waiting: Set<string>;
  held: Set<string>;
  readonly untilMs: number;
}

/** Rounds at once. */
const roundsMax = 16;

/** Collects tombstones. */
export class Collection {
  readonly #core: Core;
  readonly #views: Views;
  readonly #syncs: Syncs;
  readonly #rounds = new Map<number, Round>();
  #due: Unit[] = [];
  #nextAtMs: number;
  /** Tombstones removed since the start. */
  collected = 0;

  constructor(
    core: Core,
    { views, syncs }: { readonly views: Views; readonly syncs: Syncs },
  ) {
    this.#core = core;
    this.#views = views;
    this.#syncs = syncs;
    this.#nextAtMs = core.options.collectMs;
  }

  /** Another view is in force: what was asked counts no more. */
  clear(): void {
    this.#rounds.clear();
    this.#due = [];
  }

  /** Time has passed. */
  tick(): void {
    const { now: { monotonicMs }, options } = this.#core;
    for (const [id, { untilMs }] of [...this.#rounds]) {
      if (monotonicMs >= untilMs) this.#rounds.delete(id);
    }
    if (!this.#views.isSettled) return;
    if (monotonicMs >= this.#nextAtMs) {
      this.#nextAtMs = monotonicMs + options.collectMs;
      for (const scope of scopeNames) this.#look(scope);
    }
    while (this.#rounds.size < roundsMax) {
      const unit = this.#due.pop();
      if (unit === undefined) return;
      this.#begin(unit);
    }
  }

  /** Says which tombstones are here. */
  answer(from: string, { id, revision, tombstones, ...unit }: Message<"holdAsk">): void {
    const [first, last] = [tombstones[0]?.key, tombstones.at(-1)?.key];
    if (!this.#mayCollect(unit) || first === undefined || last === undefined) return;
    // What is on its way may be what the tombstone is there to keep out.
    this.#syncs.cancel(unit);
    listRange(this.#core, unit, { from: first, to: last }, (own) => {
      if (own === undefined || this.#views.current?.view.revision !== revision) return;
      const keys = tombstones.filter(({ key, version }) => {
        const known = own.get(key);
        return known !== undefined && compareVersions(known, version) >= 0;
      }).map(({ key }) => key);
      this.#core.send(from, { type: "holdTell", id, revision, keys });
    }, true);
  }

  /** An owner has said which tombstones it holds. */
  told(from: string, { id, keys }: Message<"holdTell">): void {
    const round = this.#rounds.get(id);
    if (round === undefined || !round.waiting.delete(from)) return;
    round.held = new Set(keys.filter((key) => round.held.has(key)));
    if (round.waiting.size > 0) return;
    this.#rounds.delete(id);
    const tombstones = round.tombstones.filter(({ key }) => round.held.has(key));
    if (tombstones.length === 0 || !this.#mayCollect(round.unit)) return;
    const { revision } = this.#views;
    for (const { node } of this.#ownersOf(round.unit)) {
      this.#core.send(node, { type: "collect", id, revision, ...round.unit, tombstones });
    }
  }

  /** Every owner holds these tombstones. */
  collect({ tombstones, scope, partition }: Message<"collect">): void {
    const unit = { scope, partition };
    if (!this.#mayCollect(unit)) return;
    this.#syncs.cancel(unit);
    this.#core.store({ op: "collect", ...unit, tombstones }, (reply) => {
      if (reply.op !== "collect") return;
      this.collected += tombstones.length;
      this.#core.note({ type: "collected", ...unit, tombstones: tombstones.length });
    });
  }

  #look(scope: ScopeName): void {
    if (dhtScopes[scope].kind === "cache") return;
    const { self } = this.#core;
    const { revision } = this.#views;
    const partitions: number[] = [];
    for (let partition = 0; partition < partitionCount; partition++) {
      const [first] = this.#ownersOf({ scope, partition });
      if (first?.node === self) partitions.push(partition);
    }
    if (partitions.length === 0) return;
    this.#core.store({ op: "digests", scope, partitions }, (reply) => {
      if (reply.op !== "digests" || this.#views.current?.view.revision !== revision) return;
      for (const { partition, tombstones, damaged } of reply.states) {
        if (tombstones > 0 && damaged === 0) this.#due.push({ scope, partition });
      }
    });
  }

  #begin(unit: Unit): void {
    const { revision } = this.#views;
    this.#core.store({
      ...{ op: "list", ...unit, buckets: allBuckets, after: "" },
      ...{ limit: dhtLimits.listedMax, tombstonesOnly: true },
    }, (reply) => {
      if (reply.op !== "list" || this.#views.current?.view.revision !== revision) return;
      if (reply.listed.length === 0) return;
      const tombstones = reply.listed;
      const id = this.#core.newId();
      const waiting = new Set(this.#ownersOf(unit).map(({ node }) => node));
      const held = new Set(tombstones.map(({ key }) => key));
      const untilMs = this.#core.now.monotonicMs + this.#core.options.syncTimeoutMs;
      this.#rounds.set(id, { unit, tombstones, waiting, held, untilMs });
      for (const node of waiting) {
        this.#core.send(node, { type: "holdAsk", id, revision, ...unit, tombstones });
      }
    });
  }

  #ownersOf({ scope, partition }: Unit) {
    return this.#views.current?.owners(scope, partition).now ?? [];
  }

  /** Whether this node is an owner and no transition is open. */
  #mayCollect(unit: Unit): boolean {
    const me = { node: this.#core.self, storage: this.#core.start.storage };
    return this.#views.isSettled && this.#ownersOf(unit).some((each) => isSameMember(each, me));
  }
}
