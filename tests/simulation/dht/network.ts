/**
 * The network of a simulated DHT: loss, duplication, delay, reordering, late messages, partitions.
 *
 * @module
 */
import { ByteReader, ByteWriter } from "../../../src/base/codec.ts";
import { readDhtMessage, writeDhtMessage } from "../../../src/protocol/dht/codec.ts";
import type { DhtMessage } from "../../../src/protocol/dht/message.ts";
import { exponential } from "../faults.ts";
import type { DhtNode } from "./node.ts";
import type { DhtWorld } from "./world.ts";

/** Whether messages may pass between two nodes. */
export type DhtBarrier = (from: number, to: number) => boolean;

/** Moves messages between nodes. */
export class DhtNetwork {
  readonly #world: DhtWorld;
  readonly barriers = new Set<DhtBarrier>();
  isHealed = false;
  /** Messages that arrived. */
  delivered = 0;

  constructor(world: DhtWorld) {
    this.#world = world;
  }

  /** Whether messages pass from one node to another now. */
  isOpen(from: number, to: number): boolean {
    for (const barrier of this.barriers) if (!barrier(from, to)) return false;
    return true;
  }

  /** Sends a message. */
  send(from: DhtNode, to: string, message: DhtMessage): void {
    const target = this.#world.nodes.find(({ id }) => id === to);
    const { options: { network }, random } = this.#world;
    if (target === undefined || !target.isUp || !this.isOpen(from.number, target.number)) return;
    if (!this.isHealed && random.network.nextFloat() < network.lossRate) return;
    // Through the codec now and then, so that it is known to carry everything.
    const carried = random.network.nextFloat() < 0.02 ? recode(message) : message;
    this.#deliver(from, target, carried);
    if (!this.isHealed && random.network.nextFloat() < network.duplicateRate) {
      this.#deliver(from, target, carried);
    }
  }

  #deliver(from: DhtNode, to: DhtNode, message: DhtMessage): void {
    const { options: { network }, random, queue } = this.#world;
    let delayMs = network.delayMs + exponential(random.network, network.jitterMs);
    if (!this.isHealed && random.network.nextFloat() < network.lateRate) {
      delayMs += random.network.nextFloat() * network.lateMs;
    }
    // Messages survive the death of their sender and of their receiver: that is worse than links.
    queue.after(delayMs, () => {
      if (!to.isUp || !this.isOpen(from.number, to.number)) return;
      this.delivered++;
      to.receive(from.id, message);
    });
  }
}

function recode(message: DhtMessage): DhtMessage {
  const writer = new ByteWriter();
  writeDhtMessage(writer, message);
  return readDhtMessage(new ByteReader(writer.take()));
}
