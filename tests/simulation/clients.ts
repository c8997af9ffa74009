/**
 * The clients of a simulated cluster and the history of what they did and saw.
 *
 * @module
 */
import type { SeededRandom } from "../../src/base/random.ts";
import type { Compare, Operation as StoreOperation } from "../../src/protocol/store/command.ts";
import type {
  RegisterCall,
  RegisterOperation,
  RegisterResult,
} from "../linearizability/register.ts";
import { commandId } from "./checkers/executions.ts";
import type { Host } from "./host.ts";
import type { World } from "./world.ts";

/** Enough for any mistake; a lone node with eager clients would do millions. */
const operationsMax = 5_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What was seen at a key last. */
interface Seen {
  readonly value: string | undefined;
  readonly revision: number;
}

/** Notes how an operation ended. */
interface Finish {
  command: string | undefined;
  readonly end: (result: RegisterResult | undefined, seen: Seen | undefined) => void;
}

/** An operation, with the command that carries it unless it is a read. */
interface Noted extends RegisterOperation {
  readonly command: string | undefined;
}

/** Clients that do one operation after the other, each at any node. */
export class Clients {
  readonly #operations: Noted[] = [];
  readonly #world: World;
  readonly #random: SeededRandom;
  #isStopped = false;
  #values = 0;
  /** Times from submission to answer of the writes that were answered, in ms. */
  readonly latenciesMs: number[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.load;
  }

  /** How many operations have ended. */
  get operations(): number {
    return this.#operations.length;
  }

  /**
   * The operations as the run knows them. Writes took effect when a node applied them first: a read
   * that begins after that must see them, whether they were acknowledged or not. What no node
   * applied had no effect; reads without an answer say nothing.
   */
  history(): RegisterOperation[] {
    const { executions } = this.#world.checkers;
    return this.#operations.flatMap((operation): RegisterOperation[] => {
      const { key, call, command } = operation;
      if (command === undefined) return operation.result === undefined ? [] : [operation];
      const outcome = executions.outcomeOf(command);
      if (outcome === undefined) return [];
      const { succeeded } = outcome.applied;
      const result: RegisterResult = call.type === "exchange"
        ? { type: "exchanged", succeeded }
        : { type: "written" };
      if (outcome.applied.outcome === "stale") return [];
      return [{ key, call, result, calledAt: outcome.at, returnedAt: outcome.at }];
    });
  }

  /** Starts all clients. */
  start(): void {
    for (let client = 0; client < this.#world.options.load.clients; client++) {
      this.#next(new Map());
    }
  }

  /** Begins nothing new. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Reads every key at a node, through a barrier. */
  readAll(host: Host): void {
    for (let key = 0; key < this.#world.options.load.keys; key++) {
      this.#read(host, `user/k${key}`, () => {});
    }
  }

  #next(seen: Map<string, Seen>, leastMs = 0.02): void {
    const { thinkMs } = this.#world.options.load;
    // Never at once: an operation begins after everything that the last one led to.
    const waitMs = thinkMs * this.#random.nextFloat() + leastMs;
    this.#world.queue.after(waitMs, () => {
      if (!this.#isStopped && this.#operations.length < operationsMax) this.#operate(seen);
    });
  }

  #operate(seen: Map<string, Seen>): void {
    const { keys, readRate, exchangeRate, busyNodes } = this.#world.options.load;
    const { hosts } = this.#world;
    const count = busyNodes === 0 ? hosts.length : Math.min(busyNodes, hosts.length);
    const host = hosts[this.#random.nextBelow(count)];
    const key = `user/k${this.#random.nextBelow(keys)}`;
    const kind = this.#random.nextFloat();
    const known = seen.get(key);
    if (host?.isUp !== true) return this.#next(seen, 1);
    if (kind < readRate) {
      this.#read(host, key, (value) => {
        if (value !== undefined) seen.set(key, value);
        this.#next(seen);
      });
    } else if (kind < readRate + exchangeRate && known !== undefined) {
      this.#exchange(host, key, known, () => this.#next(seen));
    } else this.#write(host, key, () => this.#next(seen));
  }

  #read(host: Host, key: string, done: (seen: Seen | undefined) => void): void {
    const { checkers, hosts } = this.#world;
    const { life } = host;
    const acknowledged = checkers.acknowledgedSlot;
    const finish = this.#begin(key, { type: "read" }, done);
    host.barrier(() => {
      if (host.life !== life || hosts[host.number] !== host) return;
      if (host.replica.nextSlot <= acknowledged) {
        const next = host.replica.nextSlot;
        checkers.fail("barrier", `${host.id} reads before slot ${next}, acked is ${acknowledged}`);
      }
      const entry = host.replica.store.get(key);
      const value = entry === undefined ? undefined : decoder.decode(entry.value);
      finish.end({ type: "read", value }, { value, revision: entry?.revision ?? 0 });
    });
  }

  #write(host: Host, key: string, done: () => void): void {
    const isDeletion = this.#random.nextBelow(10) === 0;
    const value = isDeletion ? undefined : this.#newValue();
    const finish = this.#begin(key, { type: "write", value }, done);
    this.#propose(host, [], change(key, value), finish);
  }

  #exchange(host: Host, key: string, { value: expected, revision }: Seen, done: () => void): void {
    const value = this.#newValue();
    const finish = this.#begin(key, { type: "exchange", expected, value }, done);
    this.#propose(host, [{ key, revision }], change(key, value), finish);
  }

  #propose(
    host: Host,
    compare: readonly Compare[],
    operation: StoreOperation,
    finish: Finish,
  ): void {
    const beganAtMs = this.#world.queue.nowMs;
    const command = host.propose({ compare, then: [operation], otherwise: [] }, ({ type }) => {
      if (type === "applied") this.latenciesMs.push(this.#world.queue.nowMs - beganAtMs);
      finish.end(undefined, undefined);
    });
    finish.command = commandId(command);
  }

  /** Notes a call; the returned object notes how it ended, once. */
  #begin(key: string, call: RegisterCall, done: (seen: Seen | undefined) => void): Finish {
    const calledAt = this.#world.nextId();
    let isOver = false;
    const finish: Finish = {
      command: undefined,
      end: (result, seen) => {
        if (isOver) return;
        isOver = true;
        const returnedAt = result === undefined ? Infinity : this.#world.nextId();
        const { command } = finish;
        this.#operations.push({ key, call, result, calledAt, returnedAt, command });
        done(seen);
      },
    };
    // Whoever waits too long goes on without knowing.
    this.#world.queue.after(this.#world.options.load.timeoutMs, () => {
      finish.end(undefined, undefined);
    });
    return finish;
  }

  #newValue(): string {
    return `v${this.#values++}`;
  }
}

function change(key: string, value: string | undefined): StoreOperation {
  if (value === undefined) return { type: "delete", key };
  return { type: "put", key, value: encoder.encode(value), contentType: "" };
}
