/**
 * The clients of a simulated cluster and the history of what they did and saw.
 *
 * @module
 */
import type { SeededRandom } from "../../src/base/random.ts";
import type { Compare, Operation as StoreOperation } from "../../src/protocol/store/command.ts";
import type { Operation } from "../linearizability/checker.ts";
import type { RegisterCall, RegisterResult } from "../linearizability/register.ts";
import type { Host } from "./host.ts";
import type { World } from "./world.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What was seen at a key last. */
interface Seen {
  readonly value: string | undefined;
  readonly revision: number;
}

/** Clients that do one operation after the other, each at any node. */
export class Clients {
  readonly history: Operation<RegisterCall, RegisterResult>[] = [];
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

  #next(seen: Map<string, Seen>): void {
    const { thinkMs } = this.#world.options.load;
    // Never at once: an operation begins after everything that the last one led to.
    const waitMs = thinkMs * this.#random.nextFloat() + 1e-6;
    this.#world.queue.after(waitMs, () => {
      if (!this.#isStopped) this.#operate(seen);
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
    if (host?.isUp !== true) return this.#next(seen);
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
      finish({ type: "read", value }, { value, revision: entry?.revision ?? 0 });
    });
  }

  #write(host: Host, key: string, done: () => void): void {
    const isDeletion = this.#random.nextBelow(10) === 0;
    const value = isDeletion ? undefined : this.#newValue();
    const finish = this.#begin(key, { type: "write", value }, done);
    this.#propose(host, [], change(key, value), (succeeded) => {
      if (succeeded !== undefined) finish({ type: "written" }, undefined);
      else finish(undefined, undefined);
    });
  }

  #exchange(host: Host, key: string, { value: expected, revision }: Seen, done: () => void): void {
    const value = this.#newValue();
    const finish = this.#begin(key, { type: "exchange", expected, value }, done);
    this.#propose(host, [{ key, revision }], change(key, value), (succeeded) => {
      const result = succeeded === undefined
        ? undefined
        : { type: "exchanged", succeeded } as const;
      finish(result, undefined);
    });
  }

  /** Calls back with whether the comparisons held; undefined when that is unknown. */
  #propose(
    host: Host,
    compare: readonly Compare[],
    operation: StoreOperation,
    answer: (succeeded: boolean | undefined) => void,
  ): void {
    const beganAtMs = this.#world.queue.nowMs;
    host.propose({ compare, then: [operation], otherwise: [] }, (given) => {
      if (given.type === "unknown") return answer(undefined);
      this.latenciesMs.push(this.#world.queue.nowMs - beganAtMs);
      answer(given.applied.succeeded);
    });
  }

  /** Notes a call; the returned function notes how it ended, once. */
  #begin(
    key: string,
    call: RegisterCall,
    done: (seen: Seen | undefined) => void,
  ): (result: RegisterResult | undefined, seen: Seen | undefined) => void {
    const calledAt = this.#world.nextId();
    let isOver = false;
    const finish = (result: RegisterResult | undefined, seen: Seen | undefined) => {
      if (isOver) return;
      isOver = true;
      const returnedAt = result === undefined ? Infinity : this.#world.nextId();
      this.history.push({ key, call, result, calledAt, returnedAt });
      done(seen);
    };
    // Whoever waits too long goes on without knowing.
    this.#world.queue.after(this.#world.options.load.timeoutMs, () => finish(undefined, undefined));
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
