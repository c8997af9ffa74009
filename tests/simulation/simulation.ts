/**
 * One simulated run: a safety phase with faults, then a liveness phase in which a core of the nodes
 * is healed and must converge, then an idle phase in which nothing may happen.
 *
 * @module
 */
import { SeededRandom } from "../../src/base/random.ts";
import type { Coin } from "../../src/consensus/slot/slot_protocol.ts";
import type { Digest } from "../../src/protocol/consensus/message.ts";
import { checkLinearizable } from "../linearizability/checker.ts";
import { register } from "../linearizability/register.ts";
import { Checkers, violationOf, type ViolationReport } from "./checkers/checkers.ts";
import { Clients } from "./clients.ts";
import { EventQueue } from "./event_queue.ts";
import type { Fault } from "./faults.ts";
import { FaultInjector } from "./fault_injector.ts";
import { Host } from "./host.ts";
import { Network } from "./network.ts";
import type { SimulationOptions } from "./options.ts";
import { type BatchContent, mix } from "./replica.ts";
import type { World } from "./world.ts";

/** How a run ended. */
export interface SimulationResult {
  /** Undefined: all promises were kept. */
  readonly violation: ViolationReport | undefined;
  readonly trace: number;
  /** Steps of engines. */
  readonly steps: number;
  readonly slots: number;
  readonly emptySlots: number;
  readonly batches: number;
  readonly slotMessages: number;
  readonly operations: number;
  readonly latenciesMs: readonly number[];
}

/** A cluster of simulated nodes. */
export class Simulation implements World {
  readonly options: SimulationOptions;
  readonly queue = new EventQueue();
  readonly checkers = new Checkers(() => this.nextId());
  readonly hosts: Host[] = [];
  readonly contents = new Map<Digest, BatchContent>();
  readonly random: World["random"];
  readonly network: Network;
  readonly coin: Coin;
  readonly clients: Clients;
  readonly #injector: FaultInjector;
  #ids = 0;

  constructor(options: SimulationOptions, faults: readonly Fault[]) {
    this.options = options;
    const random = new SeededRandom(options.seed);
    this.random = {
      network: random.split("network"),
      disk: random.split("disk"),
      load: random.split("load"),
    };
    const salt = random.split("coin").nextUint32();
    this.coin = (slot, phase) => (mix(mix(salt, slot), phase) >>> 7 & 1) as 0 | 1;
    this.network = new Network(options.network, {
      random: this.random.network,
      queue: this.queue,
      hosts: this.hosts,
    });
    this.clients = new Clients(this);
    const members = Array.from({ length: options.nodes }, (_, number) => `n${number}`);
    for (const number of members.keys()) this.addHost(number, members);
    this.#injector = new FaultInjector(this, faults);
  }

  /** Makes a node and starts it. */
  addHost(number = this.hosts.length, members = this.hosts[0]?.replica.firstMembers ?? []): Host {
    const host = new Host(this, number, { from: 0, members });
    this.hosts.push(host);
    host.start();
    return host;
  }

  nextId(): number {
    return this.#ids++;
  }

  /** Runs all phases. */
  run(): SimulationResult {
    const violation = violationOf(() => this.#runPhases(), this.queue);
    const { checkers, clients } = this;
    return {
      violation,
      trace: checkers.trace >>> 0,
      steps: checkers.steps,
      slots: checkers.agreement.slots,
      emptySlots: checkers.agreement.emptySlots,
      batches: checkers.agreement.batches,
      slotMessages: checkers.slotMessages,
      operations: clients.operations,
      latenciesMs: clients.latenciesMs,
    };
  }

  #runPhases(): void {
    const { safetyMs, idleMs } = this.options;
    this.#injector.start();
    this.clients.start();
    this.#runUntil(safetyMs, () => false);
    this.clients.stop();
    const core = this.#injector.heal();
    this.#rest(core);
    for (const host of core) this.clients.readAll(host);
    this.#rest(core);
    // The last messages arrive.
    this.#runUntil(this.queue.nowMs + 1_000, () => false);
    this.#rest(core);
    const verdict = checkLinearizable(this.clients.history(), register);
    if (!verdict.isLinearizable) {
      const { key, explained, operations, isGivenUp } = verdict;
      const what = isGivenUp ? "could not be decided" : "is not linearizable";
      const detail = `Key ${key} ${what}: ${explained} of ${operations} operations explained`;
      this.checkers.fail("linearizability", detail);
    }
    this.#checkIdle(idleMs);
  }

  /** Runs until a core of the nodes has nothing left to do. */
  #rest(core: readonly Host[]): void {
    const endMs = this.queue.nowMs + this.options.livenessMs;
    this.#runUntil(endMs, () => core.every((host) => isQuiet(host, core)));
    for (const host of core) this.#checkLive(host, core);
  }

  #runUntil(endMs: number, isDone: () => boolean): void {
    let sinceCheck = 0;
    while (this.queue.nowMs < endMs) {
      if (!this.queue.next()) return;
      if (++sinceCheck < 32) continue;
      sinceCheck = 0;
      if (isDone()) return;
    }
  }

  #checkLive(host: Host, core: readonly Host[]): void {
    if (isQuiet(host, core)) return;
    const { engine, id, replica } = host;
    this.checkers.fail(
      "liveness",
      `${id} does not come to rest: next slot ${engine.nextSlot} of ` +
        `${core.map(({ engine }) => engine.nextSlot).join()}, waits: ${!host.isIdle}, busy: ` +
        `${engine.isBusy}, abstains up to ${engine.abstainUpTo}, voting: ${engine.isVoting}, ` +
        `members ${replica.latest.members.join()} from ${replica.latest.from}, ` +
        `usage ${JSON.stringify(engine.usage)}`,
    );
  }

  #checkIdle(idleMs: number): void {
    const { slotMessages } = this.checkers;
    this.#runUntil(this.queue.nowMs + idleMs, () => false);
    const sent = this.checkers.slotMessages - slotMessages;
    if (sent > 0) this.checkers.fail("idle", `${sent} messages of slots in an idle cluster`);
  }
}

function isQuiet(host: Host, core: readonly Host[]): boolean {
  return host.isUp && host.isIdle && !host.engine.isBusy &&
    host.engine.nextSlot === core[0]?.engine.nextSlot;
}
