/**
 * What the parts of a DHT machine share: the time, ids, what is to be done, and the requests that
 * the storage has not answered yet.
 *
 * @module
 */
import { SeededRandom } from "../base/random.ts";
import type { DhtMessage } from "../protocol/dht/message.ts";
import { HybridClock } from "./hybrid_clock.ts";
import type {
  DhtNote,
  DhtOptions,
  DhtOutput,
  DhtStart,
  Instant,
  StorageReply,
  StorageRequest,
} from "./types.ts";

/** Ids of a life: so many, which no node uses up. */
const idsPerLife = 2 ** 32;

/** Takes the answer of the storage to one request. */
type Continuation = (reply: StorageReply) => void;

/** The middle of a machine. */
export class Core {
  readonly start: DhtStart;
  readonly options: DhtOptions;
  readonly clock: HybridClock;
  readonly random: SeededRandom;
  /** Messages of this node to itself. */
  readonly local: DhtMessage[] = [];
  now: Instant = { monotonicMs: 0, wallMs: 0 };
  /** Nodes that seem to be down. */
  down: ReadonlySet<string> = new Set();
  #outputs: DhtOutput[] = [];
  readonly #waiting = new Map<number, Continuation>();
  #ids = 0;

  constructor(start: DhtStart, options: DhtOptions) {
    this.start = start;
    this.options = options;
    this.clock = new HybridClock(`${start.self}~${start.life.toString(36)}`);
    this.random = new SeededRandom(`${start.seed}/${start.life}`);
  }

  /** Name of this node. */
  get self(): string {
    return this.start.self;
  }

  /** Requests that the storage has not answered yet. */
  get storing(): number {
    return this.#waiting.size;
  }

  /** An id that this node has never used. */
  newId(): number {
    return this.start.life * idsPerLife + this.#ids++;
  }

  /** Sends a message, to this node as well. */
  send(to: string, message: DhtMessage): void {
    if (to === this.self) this.local.push(message);
    else this.#outputs.push({ type: "send", to, message });
  }

  /** Asks the storage for something. */
  store(request: StorageRequest, then: Continuation): void {
    const requestId = this.newId();
    this.#waiting.set(requestId, then);
    this.#outputs.push({ type: "store", requestId, request });
  }

  /** The storage has answered. */
  stored(requestId: number, reply: StorageReply): void {
    const then = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    then?.(reply);
  }

  /** Adds something to do. */
  push(output: DhtOutput): void {
    this.#outputs.push(output);
  }

  /** Says what happened. */
  note(note: DhtNote): void {
    this.#outputs.push({ type: "note", note });
  }

  /** What is to be done since the last time. */
  take(): DhtOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }
}
