/**
 * One simulated run of the DHT: rounds of faults, after each of which everything is healed, has to
 * become equal within a bounded time, and every key is read.
 *
 * @module
 */
import { SeededRandom } from "../../../src/base/random.ts";
import type { DhtNote } from "../../../src/dht/types.ts";
import { Placement } from "../../../src/dht/placement.ts";
import {
  dhtScopes,
  partitionCount,
  quorumsOf,
  scopeNames,
} from "../../../src/protocol/dht/scope.ts";
import { Violation, violationOf, type ViolationReport } from "../checkers/checkers.ts";
import { EventQueue } from "../event_queue.ts";
import { DhtClients } from "./clients.ts";
import { type DhtFault, DhtFaults } from "./faults.ts";
import { DhtNetwork } from "./network.ts";
import { DhtNode } from "./node.ts";
import type { DhtSimulationOptions } from "./options.ts";
import { Topology } from "./topology.ts";
import type { DhtWorld } from "./world.ts";

/** How a run ended. */
export interface DhtSimulationResult {
  /** Undefined: all promises were kept. */
  readonly violation: ViolationReport | undefined;
  readonly trace: number;
  /** Inputs of machines. */
  readonly steps: number;
  /** Views of members: what consensus has slots for. */
  readonly slots: number;
  readonly operations: number;
  readonly succeeded: number;
  /** Longest time until everything was equal again, virtual. */
  readonly convergenceMs: number;
}

/** A cluster. */
export class DhtSimulation implements DhtWorld {
  readonly options: DhtSimulationOptions;
  readonly queue = new EventQueue();
  readonly nodes: DhtNode[] = [];
  readonly random: DhtWorld["random"];
  readonly network: DhtNetwork;
  readonly topology: Topology;
  readonly epochMs = 1_700_000_000_000;
  readonly #clients: DhtClients;
  readonly #faults: DhtFaults;
  steps = 0;
  #ids = 1;
  #trace = 0;
  #convergenceMs = 0;

  constructor(options: DhtSimulationOptions, faults: readonly DhtFault[]) {
    this.options = options;
    const random = new SeededRandom(options.seed).split("dht");
    this.random = {
      network: random.split("network"),
      storage: random.split("storage"),
      load: random.split("load"),
      faults: random.split("faults"),
    };
    this.network = new DhtNetwork(this);
    this.topology = new Topology(this);
    this.#clients = new DhtClients(this);
    this.#faults = new DhtFaults(this, faults);
  }

  nextId(): number {
    return this.#ids++;
  }

  addNode(): DhtNode {
    const node = new DhtNode(this, this.nodes.length);
    this.nodes.push(node);
    return node;
  }

  settled(node: DhtNode, revision: number): void {
    // The store is reached by who is not cut off from it, after a while.
    if (!this.network.isOpen(node.number, -1)) return;
    const { life } = node;
    this.queue.after(this.random.network.nextFloat() * this.options.viewMs, () => {
      if (node.life === life) this.topology.settle(node, revision);
    });
  }

  noted(node: DhtNode, note: DhtNote): void {
    const text = `${node.id} ${JSON.stringify(note)} ${this.queue.nowMs}`;
    for (let i = 0; i < text.length; i++) {
      this.#trace = Math.imul(this.#trace ^ text.charCodeAt(i), 0x01000193);
    }
  }

  isGone(node: DhtNode): boolean {
    const { view } = this.topology;
    if (!node.isLeaving || view === undefined) return false;
    const isMember = [...view.members, ...view.next ?? []].some(({ storage }) =>
      storage === node.storageName && !this.topology.isLost(storage)
    );
    return !isMember;
  }

  fail(checker: string, detail: string): never {
    throw new Violation(checker, detail);
  }

  /** Runs all rounds. */
  run(): DhtSimulationResult {
    const violation = violationOf(() => this.#run(), this.queue);
    const { operations, succeeded } = this.#clients;
    const { steps, topology: { views: slots } } = this;
    const trace = (this.#trace ^ steps) >>> 0;
    const convergenceMs = this.#convergenceMs;
    return { violation, trace, steps, slots, operations, succeeded, convergenceMs };
  }

  #run(): void {
    const { options, network } = this;
    for (let number = 0; number < options.nodes; number++) {
      const node = this.addNode();
      node.start();
      this.topology.announce(node);
    }
    this.topology.start();
    this.#runUntil(this.queue.nowMs + options.viewMs + 1_000, () => false);
    for (let round = 0; round < options.rounds; round++) {
      network.isHealed = false;
      this.#faults.start(round);
      this.#clients.start();
      this.#runUntil(this.queue.nowMs + options.faultsMs, () => false);
      this.#clients.stop();
      network.isHealed = true;
      this.#faults.heal();
      this.#converge();
      const isRead = this.#clients.readAll(10_000);
      this.#runUntil(this.queue.nowMs + 600_000, isRead);
      if (!isRead()) this.fail("readable", "Some reads have no result");
    }
  }

  #converge(): void {
    const startMs = this.queue.nowMs;
    let difference: string | undefined = "not looked";
    const endMs = startMs + this.options.convergenceMs;
    while (difference !== undefined && this.queue.nowMs < endMs) {
      this.#runUntil(this.queue.nowMs + 250, () => false);
      this.#stopLeft();
      difference = this.#difference();
    }
    this.#convergenceMs = Math.max(this.#convergenceMs, this.queue.nowMs - startMs);
    if (difference !== undefined) this.fail("convergence", difference);
  }

  /** Nodes that are no members any more are stopped. */
  #stopLeft(): void {
    for (const node of this.nodes) if (node.isUp && this.isGone(node)) node.stop();
  }

  /** What is not as it should be in the end. */
  #difference(): string | undefined {
    const { view, isSettled } = this.topology;
    if (view === undefined || !isSettled) return `The transition of ${view?.revision} is open`;
    const members = view.members.map(({ storage }) =>
      this.nodes.find((node) => node.storageName === storage)
    );
    for (const node of members) {
      if (node?.machine === undefined) return "A member is not up";
      const { revision, syncs, operations } = node.machine.status();
      if (revision !== view.revision) return `${node.id} has view ${revision}`;
      if (syncs.running + syncs.waiting + operations > 0) return `${node.id} is busy`;
    }
    const placement = new Placement(view.members);
    for (const scope of scopeNames) {
      if (dhtScopes[scope].kind === "cache") continue;
      const { replicas } = quorumsOf(dhtScopes[scope], view.members.length);
      for (let partition = 0; partition < partitionCount; partition++) {
        const owners = placement.owners(partition, replicas).map(({ node }) => node);
        let expected: string | undefined;
        for (const node of members) {
          if (node === undefined) continue;
          const { entries, damaged, tombstones, buckets } = node.storage.state(scope, partition);
          const where = `${scope}/${partition} on ${node.id}`;
          if (damaged > 0) return `${where} has damaged entries`;
          if (!owners.includes(node.id)) {
            if (entries > 0) return `${where} does not belong there`;
            continue;
          }
          if (tombstones > 0) return `${where} has tombstones`;
          const text = entries === 0 ? "" : buckets.join();
          expected ??= text;
          if (expected !== text) return `${where} differs from that of another owner`;
        }
      }
    }
    return undefined;
  }

  #runUntil(endMs: number, isDone: () => boolean): void {
    while (this.queue.nowMs < endMs) {
      if (isDone() || !this.queue.next()) return;
    }
  }
}
