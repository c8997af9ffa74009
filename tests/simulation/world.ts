/**
 * What the parts of a simulated cluster share.
 *
 * @module
 */
import type { SeededRandom } from "../../src/base/random.ts";
import type { Coin } from "../../src/consensus/slot/slot_protocol.ts";
import type { Digest } from "../../src/protocol/consensus/message.ts";
import type { Checkers } from "./checkers/checkers.ts";
import type { EventQueue } from "./event_queue.ts";
import type { Host } from "./host.ts";
import type { Network } from "./network.ts";
import type { SimulationOptions } from "./options.ts";
import type { BatchContent } from "./replica.ts";

/** A simulated cluster. */
export interface World {
  readonly options: SimulationOptions;
  readonly queue: EventQueue;
  readonly network: Network;
  readonly checkers: Checkers;
  /** Every node that ever was, by number. */
  readonly hosts: Host[];
  /** What every batch that was submitted stands for. */
  readonly contents: Map<Digest, BatchContent>;
  readonly coin: Coin;
  /** Independent streams of random numbers. */
  readonly random: {
    readonly network: SeededRandom;
    readonly disk: SeededRandom;
    readonly load: SeededRandom;
  };
  /** A number that was never used. */
  nextId(): number;
}
