/**
 * The simulated network: loss, duplication, delay, reordering and partitions.
 *
 * @module
 */
import type { SeededRandom } from "../../src/base/random.ts";
import type { Header, Message } from "../../src/protocol/consensus/message.ts";
import { exponential } from "./faults.ts";
import type { EventQueue } from "./event_queue.ts";
import type { Host } from "./host.ts";
import type { NetworkOptions } from "./options.ts";

/** Whether messages may pass from one node to another. */
export type Barrier = (from: number, to: number) => boolean;

/** Moves messages between hosts. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #random: SeededRandom;
  readonly #queue: EventQueue;
  readonly #hosts: readonly Host[];
  readonly #barriers = new Set<Barrier>();
  /** When the last message of a link arrives, where messages keep their order. */
  readonly #lastArrivals = new Map<number, number>();
  /** Whether nothing goes wrong any more. */
  isHealed = false;
  /** Messages delivered. */
  delivered = 0;

  constructor(
    options: NetworkOptions,
    { random, queue, hosts }: {
      readonly random: SeededRandom;
      readonly queue: EventQueue;
      readonly hosts: readonly Host[];
    },
  ) {
    this.#options = options;
    this.#random = random;
    this.#queue = queue;
    this.#hosts = hosts;
  }

  /** Begins a partition. */
  block(barrier: Barrier): void {
    this.#barriers.add(barrier);
  }

  /** Ends a partition. */
  unblock(barrier: Barrier): void {
    this.#barriers.delete(barrier);
  }

  /** Whether messages pass from one node to another now. */
  isOpen(from: Host, to: Host): boolean {
    for (const barrier of this.#barriers) if (!barrier(from.number, to.number)) return false;
    return true;
  }

  /** Sends a message, or a heartbeat without one. */
  send(from: Host, to: string | "all", header: Header, message: Message | undefined): void {
    for (const host of this.#hosts) {
      if (host === from || (to !== "all" && host.id !== to)) continue;
      this.#sendTo(from, host, header, message);
    }
  }

  #sendTo(from: Host, to: Host, header: Header, message: Message | undefined): void {
    const { lossRate, duplicateRate } = this.#options;
    if (!to.isUp || !this.isOpen(from, to)) return;
    if (!this.isHealed && lossRate > 0 && this.#random.nextFloat() < lossRate) return;
    this.#deliver(from, to, header, message);
    if (!this.isHealed && duplicateRate > 0 && this.#random.nextFloat() < duplicateRate) {
      this.#deliver(from, to, header, message);
    }
  }

  #deliver(from: Host, to: Host, header: Header, message: Message | undefined): void {
    const { delayMs, jitterMs, reorders } = this.#options;
    const jitter = jitterMs > 0 ? exponential(this.#random, jitterMs) : 0;
    let delay = delayMs + jitter + to.extraMs + from.extraMs;
    if (!reorders) {
      const link = from.number * 1_000 + to.number;
      const { nowMs } = this.#queue;
      const arrival = Math.max(nowMs + delay, this.#lastArrivals.get(link) ?? 0);
      this.#lastArrivals.set(link, arrival);
      delay = arrival - nowMs;
    }
    const { life } = to;
    to.later(delay, () => {
      // A link ends with the life of its receiver.
      if (to.life !== life || !this.isOpen(from, to)) return;
      this.delivered++;
      to.receive(from.id, header, message);
    });
  }
}
