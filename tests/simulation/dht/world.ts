/**
 * What the parts of a simulated DHT see of each other.
 *
 * @module
 */
import type { SeededRandom } from "../../../src/base/random.ts";
import type { DhtNote } from "../../../src/dht/types.ts";
import type { EventQueue } from "../event_queue.ts";
import type { DhtNetwork } from "./network.ts";
import type { DhtNode } from "./node.ts";
import type { DhtSimulationOptions } from "./options.ts";
import type { Topology } from "./topology.ts";

/** A simulated cluster. */
export interface DhtWorld {
  readonly options: DhtSimulationOptions;
  readonly queue: EventQueue;
  readonly random: {
    readonly network: SeededRandom;
    readonly storage: SeededRandom;
    readonly load: SeededRandom;
    readonly faults: SeededRandom;
  };
  readonly nodes: DhtNode[];
  readonly network: DhtNetwork;
  readonly topology: Topology;
  /** Wall clock at the beginning. */
  readonly epochMs: number;
  /** Inputs that machines have taken. */
  steps: number;
  nextId(): number;
  addNode(): DhtNode;
  /** Whether a node has left for good. */
  isGone(node: DhtNode): boolean;
  settled(node: DhtNode, revision: number): void;
  noted(node: DhtNode, note: DhtNote): void;
  /** Ends the run: a promise is broken. */
  fail(checker: string, detail: string): never;
}
