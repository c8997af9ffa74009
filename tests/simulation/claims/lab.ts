/**
 * A few engines on a table: messages move when a test says so, one message delay at a time.
 *
 * @module
 */
import { Engine } from "../../../src/consensus/engine.ts";
import type { Configuration } from "../../../src/consensus/quorum.ts";
import { WeakMvc } from "../../../src/consensus/slot/weak_mvc.ts";
import {
  engineDefaults,
  type EngineOptions,
  type EngineStart,
  type Input,
  type Output,
} from "../../../src/consensus/types.ts";
import type {
  ConsensusRecord,
  Digest,
  Header,
  LogEntry,
  Message,
} from "../../../src/protocol/consensus/message.ts";

/** A message under way. */
export interface Flight {
  readonly from: string;
  readonly to: string;
  readonly header: Header;
  readonly message: Message;
}

/** What a node has said, besides sending. */
export interface NodeNotes {
  readonly applied: LogEntry[];
  readonly records: ConsensusRecord[];
  readonly barriers: number[];
  readonly others: Output[];
  /** Persist outputs that are not durable yet. */
  readonly persisting: number[];
}

/** The table. */
export class Lab {
  readonly engines = new Map<string, Engine>();
  readonly notes = new Map<string, NodeNotes>();
  flights: Flight[] = [];
  nowMs = 0;
  readonly #members: readonly string[];
  readonly #options: Partial<EngineOptions>;

  /** Starts nodes a, b, c... with the same options. */
  constructor(nodes: number, options: Partial<EngineOptions> = {}) {
    this.#members = Array.from({ length: nodes }, (_, index) => String.fromCharCode(97 + index));
    this.#options = options;
    for (const id of this.#members) this.start(id);
  }

  /** Starts a node, or starts it again. */
  start(id: string, start: Partial<EngineStart> = {}): Engine {
    const engine = new Engine({
      ...engineDefaults,
      coin: () => 0,
      protocol: (context) => new WeakMvc(context),
      ...this.#options,
      self: id,
    }, {
      firstSlot: 0,
      configurations: [{ from: 0, members: this.#members }],
      records: [],
      ...start,
    });
    this.engines.set(id, engine);
    this.notes.set(id, { applied: [], records: [], barriers: [], others: [], persisting: [] });
    return engine;
  }

  /** Removes a node; messages to it are lost. */
  stop(id: string): void {
    this.engines.delete(id);
  }

  /** Feeds an input. */
  step(id: string, input: Input): void {
    const engine = this.engines.get(id);
    if (engine === undefined) return;
    for (const output of engine.step(input, this.nowMs)) this.#carryOut(id, engine, output);
  }

  #carryOut(id: string, engine: Engine, output: Output): void {
    const notes = this.#notesOf(id);
    switch (output.type) {
      case "send": {
        const others = [...this.notes.keys()].filter((other) => other !== id);
        for (const to of output.to === "all" ? others : [output.to]) {
          const header = engine.header(output.resent);
          this.flights.push({ from: id, to, header, message: output.message });
        }
        return;
      }
      case "persist":
        notes.records.push(...output.records);
        notes.persisting.push(output.sequence);
        return;
      case "apply":
        notes.applied.push(output.entry);
        return;
      case "barrierDone":
        notes.barriers.push(output.id);
        return;
      default:
        notes.others.push(output);
    }
  }

  /** Submits a batch of a node; answers its digest. */
  submit(id: string, name: string): Digest {
    const digest = `${id}/${name}`;
    this.step(id, { type: "submit", digest, payload: new TextEncoder().encode(name) });
    return digest;
  }

  /** One message delay: delivers what is under way now, except what a test loses. */
  round(isLost: (flight: Flight) => boolean = () => false): void {
    const flights = this.flights;
    this.flights = [];
    for (const flight of flights) {
      const { from, to, header, message } = flight;
      if (!isLost(flight)) this.step(to, { type: "message", from, header, message });
    }
  }

  /** Delivers until nothing is under way. */
  settle(isLost?: (flight: Flight) => boolean): void {
    for (let rounds = 0; this.flights.length > 0 && rounds < 100; rounds++) this.round(isLost);
  }

  /** Lets time pass at all nodes. */
  pass(ms: number): void {
    this.nowMs += ms;
    for (const id of this.engines.keys()) this.step(id, { type: "tick" });
  }

  /** Lets time pass in small steps with everything delivered. */
  run(ms: number, isLost?: (flight: Flight) => boolean): void {
    for (let passed = 0; passed < ms; passed += 4) {
      this.pass(4);
      this.settle(isLost);
    }
  }

  /** Makes durable what a node wants to be. */
  persist(id: string): void {
    for (const sequence of this.#notesOf(id).persisting.splice(0)) {
      this.step(id, { type: "persisted", sequence });
    }
  }

  /** Tells a node about its members from a slot on. */
  configure(id: string, configuration: Configuration): void {
    this.step(id, { type: "configure", configuration });
  }

  /** The batches that a node has applied, in order. */
  applied(id: string): Digest[] {
    return this.#notesOf(id).applied.flatMap(({ batches }) => batches.map(({ digest }) => digest));
  }

  /** Types of the messages under way, of one node or of all. */
  underWay(from?: string): string[] {
    return this.flights.filter((flight) => from === undefined || flight.from === from)
      .map(({ message }) => message.type);
  }

  #notesOf(id: string): NodeNotes {
    const notes = this.notes.get(id);
    if (notes === undefined) throw new Error(`Node ${id} does not exist`);
    return notes;
  }
}
