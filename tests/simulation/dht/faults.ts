/**
 * The faults of a simulated DHT: planned from the seed, done unless they would exceed what the DHT
 * tolerates.
 *
 * Tolerated is any number of nodes that are down or cut off and come back, and the loss of one copy
 * at a time: the next is lost only when everything that the last one held is in place again.
 *
 * @module
 */
import { SeededRandom } from "../../../src/base/random.ts";
import { dhtScopes, scopeNames } from "../../../src/protocol/dht/scope.ts";
import { exponential } from "../faults.ts";
import type { DhtBarrier } from "./network.ts";
import type { DhtNode } from "./node.ts";
import type { DhtSimulationOptions } from "./options.ts";
import type { DhtWorld } from "./world.ts";

/** Kinds of faults. */
export type DhtFaultType =
  | "crash"
  | "diskLoss"
  | "partition"
  | "join"
  | "leave"
  | "death"
  | "clock"
  | "io"
  | "full"
  | "damage";

/** Something that goes wrong. */
export interface DhtFault {
  readonly type: DhtFaultType;
  readonly round: number;
  readonly atMs: number;
  readonly durationMs: number;
  /** Decides which node, which key, how far. */
  readonly draw: number;
}

/** Plans all faults of a run. */
export function planDhtFaults(options: DhtSimulationOptions): DhtFault[] {
  const random = new SeededRandom(options.seed).split("dht faults");
  const faults: DhtFault[] = [];
  for (const [name, meanMs] of Object.entries(options.faults)) {
    if (meanMs === 0) continue;
    const type = name.slice(0, -2) as DhtFaultType;
    for (let round = 0; round < options.rounds; round++) {
      for (let atMs = 0;;) {
        atMs += exponential(random, meanMs);
        if (atMs >= options.faultsMs) break;
        const durationMs = 20 + exponential(random, 1_000);
        faults.push({ type, round, atMs, durationMs, draw: random.nextUint32() });
      }
    }
  }
  return faults.sort((a, b) => a.round - b.round || a.atMs - b.atMs);
}

/** Does faults. */
export class DhtFaults {
  readonly #world: DhtWorld;
  readonly #faults: readonly DhtFault[];
  #round = -1;
  #isActive = false;

  constructor(world: DhtWorld, faults: readonly DhtFault[]) {
    this.#world = world;
    this.#faults = faults;
  }

  /** Begins a round. */
  start(round: number): void {
    this.#round = round;
    this.#isActive = true;
    for (const fault of this.#faults) {
      if (fault.round !== round) continue;
      this.#world.queue.after(fault.atMs, () => {
        if (this.#isActive && this.#round === round) this.#do(fault);
      });
    }
  }

  /** Ends all faults: whoever should run runs, and everything works. */
  heal(): void {
    this.#isActive = false;
    const { network, nodes } = this.#world;
    network.barriers.clear();
    for (const node of nodes) {
      node.fault = "none";
      if (!node.isUp && !this.#isGone(node)) this.#start(node);
    }
  }

  /** Whether a copy may be lost now. */
  #mayLose(): boolean {
    const { topology, nodes } = this.#world;
    if (!topology.isSettled || (topology.view?.members.length ?? 0) < 2) return false;
    return nodes.every(({ storage }) =>
      scopeNames.every((scope) => storage.damagedIn(scope) === 0)
    );
  }

  #do(fault: DhtFault): void {
    const { nodes, queue, network, options, topology } = this.#world;
    const node = nodes[fault.draw % nodes.length];
    if (node === undefined) return;
    const { durationMs, draw } = fault;
    switch (fault.type) {
      case "crash":
        return this.#crash(node, durationMs);
      case "diskLoss":
        if (this.#isGone(node) || !this.#mayLose()) return;
        node.stop();
        node.newStorage();
        // A new storage is told as soon as the node is back; until then its old one is missing.
        topology.announce(node);
        return this.#restartAfter(node, durationMs);
      case "death":
        if (node.isLeaving || !this.#mayLose() || this.#staying() < 2) return;
        topology.lose(node);
        node.isLeaving = true;
        return node.stop();
      case "leave":
        if (node.isLeaving || this.#staying() < 2) return;
        node.isLeaving = true;
        return;
      case "join":
        if (this.#staying() >= options.nodesMax) return;
        return this.#join();
      case "partition": {
        const barrier = partition(draw);
        network.barriers.add(barrier);
        queue.after(durationMs, () => network.barriers.delete(barrier));
        return;
      }
      case "clock":
        node.skewMs = (draw / 2 ** 32 - 0.5) * options.skewMs;
        return;
      case "io":
      case "full":
        node.fault = fault.type;
        queue.after(durationMs, () => node.fault = "none");
        return;
      case "damage":
        return this.#damage(node, draw);
    }
  }

  #join(): void {
    const node = this.#world.addNode();
    this.#start(node);
    this.#world.topology.announce(node);
  }

  #crash(node: DhtNode, durationMs: number): void {
    if (!node.isUp) return;
    node.stop();
    this.#restartAfter(node, durationMs);
  }

  #restartAfter(node: DhtNode, durationMs: number): void {
    this.#world.queue.after(durationMs, () => {
      if (!node.isUp && !this.#isGone(node)) this.#start(node);
    });
  }

  #start(node: DhtNode): void {
    node.start();
  }

  #damage(node: DhtNode, draw: number): void {
    const { topology } = this.#world;
    const isOwner = topology.view?.members.some(({ storage }) => storage === node.storageName);
    if (isOwner !== true || !this.#mayLose()) return;
    const scope = scopeNames[draw % scopeNames.length] ?? "artifacts";
    if (dhtScopes[scope].kind === "cache") return;
    const keys = [...node.storage.entries(scope)].map(([key]) => key).sort();
    const key = keys[draw % Math.max(1, keys.length)];
    if (key === undefined || !node.storage.damage(scope, key)) return;
    node.give({ type: "damaged", scope, key });
  }

  #staying(): number {
    return this.#world.nodes.filter(({ isLeaving }) => !isLeaving).length;
  }

  /** Whether a node has left: it is no member any more, or never comes back. */
  #isGone(node: DhtNode): boolean {
    return this.#world.isGone(node);
  }
}

/** Cuts the nodes in two, one way or both; the store is on the side of number -1. */
function partition(draw: number): DhtBarrier {
  const isOneWay = draw % 3 === 0;
  const side = (number: number) => number < 0 ? 0 : draw >>> (number % 24 + 4) & 1;
  return (from, to) => side(from) === side(to) || isOneWay && side(from) === 0;
}
