/**
 * The DHT machine of a node: it runs the node's own operations, serves those of others, and keeps
 * what it holds equal to what the other owners hold.
 *
 * Pure: `step(input, now)` answers what the host must do; there is no IO, clock or randomness in
 * it. The host delivers messages, does what the storage is asked for and gives the answers back,
 * and lets time pass. What is promised stands in docs/dht.md.
 *
 * @module
 */
import { unreachable } from "../base/assert.ts";
import type { DhtMessage } from "../protocol/dht/message.ts";
import { Core } from "./core.ts";
import { Operations } from "./operations/operations.ts";
import { partitionOf } from "./placement.ts";
import { Serving } from "./serving.ts";
import { type DhtLocation, type DhtStatus, locationOf, statusOf } from "./status.ts";
import { Collection } from "./sync/collection.ts";
import { Comparison } from "./sync/comparison.ts";
import { DigestExchange } from "./sync/digest_exchange.ts";
import { Syncs } from "./sync/syncs.ts";
import { Transition } from "./sync/transition.ts";
import type { DhtInput, DhtOptions, DhtOutput, DhtStart, Instant } from "./types.ts";
import { Views } from "./views.ts";
import type { ScopeName } from "../protocol/dht/scope.ts";

/** Messages that ask for something with a view. */
type Asked = Exclude<DhtMessage, { type: "view" | "viewAsk" }>;

/** One node's machine. */
export class DhtMachine {
  readonly #core: Core;
  readonly #views: Views;
  readonly #operations: Operations;
  readonly #serving: Serving;
  readonly #syncs: Syncs;
  readonly #exchange: DigestExchange;
  readonly #transition: Transition;
  readonly #comparison: Comparison;
  readonly #collection: Collection;

  constructor(start: DhtStart, options: DhtOptions) {
    const core = new Core(start, options);
    const views = new Views(core, () => this.#adopted());
    const syncs = new Syncs(core, views);
    const exchange = new DigestExchange(core);
    this.#core = core;
    this.#views = views;
    this.#syncs = syncs;
    this.#exchange = exchange;
    this.#operations = new Operations(core);
    this.#serving = new Serving(core, views);
    this.#transition = new Transition(core, { views, syncs, exchange });
    this.#comparison = new Comparison(core, { views, syncs, exchange });
    this.#collection = new Collection(core, { views, syncs });
  }

  /** Takes one input; answers what to do, in order. */
  step(input: DhtInput, now: Instant): DhtOutput[] {
    const core = this.#core;
    core.now = { ...now, monotonicMs: Math.max(core.now.monotonicMs, now.monotonicMs) };
    this.#take(input);
    // What a node says to itself it hears at once.
    for (let message = core.local.shift(); message !== undefined; message = core.local.shift()) {
      this.#receive(core.self, message);
    }
    return core.take();
  }

  /** What there is to know about the node's part of the DHT. */
  status(): DhtStatus {
    return statusOf({
      views: this.#views,
      self: this.#core.self,
      operations: this.#operations.count,
      serving: this.#serving.count,
      syncs: this.#syncs.counts,
      fetched: this.#syncs.fetched,
      collected: this.#collection.collected,
      comparison: this.#comparison.figures,
      transition: this.#transition.progress,
    });
  }

  /** Where a key is; undefined before the node knows the members. */
  locate(scope: ScopeName, key: string): DhtLocation | undefined {
    return locationOf(this.#views.current, scope, key);
  }

  #take(input: DhtInput): void {
    switch (input.type) {
      case "put":
      case "get":
      case "remove":
        return this.#operations.begin(input, this.#views.current);
      case "message":
        return this.#receive(input.from, input.message);
      case "stored":
        return this.#core.stored(input.requestId, input.reply);
      case "view":
        return this.#views.offer(input.view);
      case "down":
        return this.#setDown(input.nodes);
      case "damaged":
        return this.#repairKey(input.scope, input.key);
      case "repair":
        return this.#comparison.hurry();
      case "tick":
        return this.#tick();
      default:
        return unreachable(input);
    }
  }

  #receive(from: string, message: DhtMessage): void {
    if (message.type === "view") return this.#views.offer(message.view);
    const { latest, revision } = this.#views;
    if (message.type === "viewAsk") {
      if (latest !== undefined && revision > message.revision) {
        this.#core.send(from, { type: "view", view: latest });
      }
    } else if (message.revision > revision) this.#core.send(from, { type: "viewAsk", revision });
    else if (message.revision < revision) {
      if (latest !== undefined) this.#core.send(from, { type: "view", view: latest });
    } else if (this.#views.current !== undefined) this.#handle(from, message);
  }

  #handle(from: string, message: Asked): void {
    switch (message.type) {
      case "write":
        return this.#serving.write(from, message);
      case "read":
        return this.#serving.read(from, message);
      case "wrote":
        return this.#operations.wrote(from, message.id, message);
      case "readTell":
        return this.#operations.told(from, message.id, message);
      case "digestAsk":
        return this.#serving.digests(from, message, (partitions) => {
          this.#comparison.differ(message.scope, partitions, from);
        });
      case "digestTell":
        return this.#exchange.receive(from, message.id, message.differing);
      case "listAsk":
        return this.#serving.list(from, message);
      case "fetchAsk":
        return this.#serving.fetch(from, message);
      case "listTell":
      case "fetchTell":
        return this.#syncs.receive(from, message);
      case "holdAsk":
        return this.#collection.answer(from, message);
      case "holdTell":
        return this.#collection.told(from, message);
      case "collect":
        return this.#collection.collect(message);
      default:
        return unreachable(message);
    }
  }

  #adopted(): void {
    const view = this.#views.current;
    if (view === undefined) return;
    this.#syncs.clear();
    this.#exchange.clear();
    this.#collection.clear();
    this.#comparison.hurry();
    this.#transition.adopted(view);
    this.#operations.adopted(view);
  }

  #setDown(nodes: ReadonlySet<string>): void {
    const isSomebodyBack = [...this.#core.down].some((node) => !nodes.has(node));
    this.#core.down = nodes;
    if (isSomebodyBack) this.#comparison.hurry();
  }

  /** A damaged entry is not in the digests any more, so that comparing finds it missing. */
  #repairKey(scope: ScopeName, key: string): void {
    const view = this.#views.current;
    const partition = partitionOf(key);
    for (const { node } of view?.owners(scope, partition).now ?? []) {
      if (node !== this.#core.self) this.#syncs.compare({ scope, partition }, node);
    }
  }

  #tick(): void {
    this.#views.progress();
    this.#operations.tick();
    this.#exchange.tick();
    this.#transition.tick();
    this.#syncs.tick();
    this.#comparison.tick();
    this.#collection.tick();
  }
}
