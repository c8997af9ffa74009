/**
 * A simulated node of the DHT: a machine, its storage and its clocks.
 *
 * @module
 */
import { hash32 } from "../../../src/base/text/hash.ts";
import { DhtMachine } from "../../../src/dht/machine.ts";
import { MemoryStorage } from "../../../src/dht/memory_storage.ts";
import {
  dhtDefaults,
  type DhtInput,
  type DhtOutput,
  type StorageReply,
  type StorageRequest,
} from "../../../src/dht/types.ts";
import type { DhtMessage } from "../../../src/protocol/dht/message.ts";
import type { DhtResult } from "../../../src/protocol/dht/result.ts";
import { exponential } from "../faults.ts";
import type { DhtWorld } from "./world.ts";

/** Whether a value is what its key says; the simulator's stand-in for SHA-256. */
export function isChunk(key: string, value: Uint8Array): boolean {
  return key === chunkKey(value);
}

/** The key of a chunk. */
export function chunkKey(value: Uint8Array): string {
  return `chunk-${hash32(String(value))}`;
}

/** A node. */
export class DhtNode {
  readonly id: string;
  readonly number: number;
  readonly #world: DhtWorld;
  storageName = "";
  storage = new MemoryStorage();
  machine: DhtMachine | undefined;
  /** Counts lives; what was under way in a former one is void. */
  life = 0;
  /** How far the wall clock is off. */
  skewMs = 0;
  /** Whether the storage fails now, and how. */
  fault: "none" | "io" | "full" = "none";
  /** Whether the node is leaving or has left for good. */
  isLeaving = false;
  #storageBusyUntilMs = 0;
  readonly #operations = new Map<number, (result: DhtResult) => void>();

  constructor(world: DhtWorld, number: number) {
    this.#world = world;
    this.number = number;
    this.id = `n${number}`;
    this.newStorage();
  }

  /** Whether it runs. */
  get isUp(): boolean {
    return this.machine !== undefined;
  }

  /** An empty disk. */
  newStorage(): void {
    this.storage = new MemoryStorage();
    this.storageName = `${this.id}-s${this.#world.nextId()}`;
  }

  /** Starts it. */
  start(): void {
    const { options: { machine } } = this.#world;
    this.life++;
    this.#storageBusyUntilMs = 0;
    this.machine = new DhtMachine({
      self: this.id,
      storage: this.storageName,
      revision: this.storage.revision,
      life: this.#world.nextId(),
      seed: this.#world.options.seed,
    }, { ...dhtDefaults, ...machine, isChunk });
    this.#tick();
  }

  /** Ends it at once. */
  stop(): void {
    this.life++;
    this.machine = undefined;
    this.#operations.clear();
  }

  /** Begins an operation. */
  begin(
    input: Extract<DhtInput, { operationId: number }>,
    done: (result: DhtResult) => void,
  ): void {
    this.#operations.set(input.operationId, done);
    this.give(input);
  }

  /** Gives the machine an input and does what it answers. */
  give(input: DhtInput): void {
    if (this.machine === undefined) return;
    const { queue: { nowMs } } = this.#world;
    this.#world.steps++;
    const outputs = this.machine.step(input, {
      monotonicMs: nowMs,
      wallMs: this.#world.epochMs + nowMs + this.skewMs,
    });
    for (const output of outputs) this.#do(output);
  }

  /** A message arrives. */
  receive(from: string, message: DhtMessage): void {
    this.give({ type: "message", from, message });
  }

  #do(output: DhtOutput): void {
    switch (output.type) {
      case "send":
        return this.#world.network.send(this, output.to, output.message);
      case "store":
        return this.#store(output.requestId, output.request);
      case "done": {
        const done = this.#operations.get(output.operationId);
        this.#operations.delete(output.operationId);
        if (done === undefined) throw new Error(`Operation ${output.operationId} ended twice`);
        return done(output.result);
      }
      case "settled":
        return this.#world.settled(this, output.revision);
      case "note":
        return this.#world.noted(this, output.note);
    }
  }

  /** Requests take effect one after the other, and are answered when they have. */
  #store(requestId: number, request: StorageRequest): void {
    const { queue, random, options: { storageMs } } = this.#world;
    const { life } = this;
    const takesMs = exponential(random.storage, storageMs);
    const scanMs = request.op === "digests" ? request.partitions.length * 0.001 : 0;
    const untilMs = Math.max(queue.nowMs, this.#storageBusyUntilMs) + takesMs / 10 + scanMs;
    this.#storageBusyUntilMs = untilMs;
    queue.after(untilMs - queue.nowMs, () => {
      if (this.life !== life) return;
      const reply = this.#handle(request);
      queue.after(takesMs, () => {
        if (this.life === life) this.give({ type: "stored", requestId, reply });
      });
    });
  }

  #handle(request: StorageRequest): StorageReply {
    const isUnlucky = this.#world.random.storage.nextFloat() < 0.5;
    if (this.fault === "io" && isUnlucky) {
      // What is not known to be done may have been done.
      const isDone = this.#world.random.storage.nextFloat() < 0.5;
      if (isDone && request.op !== "read") this.storage.handle(request);
      return { op: "failed", cause: "io" };
    }
    if (this.fault === "full" && request.op === "merge") return { op: "failed", cause: "full" };
    return this.storage.handle(request);
  }

  #tick(): void {
    const { life } = this;
    const { queue, options: { tickMs } } = this.#world;
    queue.after(tickMs, () => {
      if (this.life !== life) return;
      this.give({ type: "tick" });
      this.#tick();
    });
  }
}
