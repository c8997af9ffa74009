/**
 * The clients of a simulated DHT: they put, get and remove, and every result is checked.
 *
 * @module
 */
import type { DhtResult } from "../../../src/protocol/dht/result.ts";
import type { ScopeName } from "../../../src/protocol/dht/scope.ts";
import { exponential } from "../faults.ts";
import { KeyHistory } from "./history.ts";
import { chunkKey, type DhtNode } from "./node.ts";
import type { DhtWorld } from "./world.ts";

/** All clients. */
export class DhtClients {
  readonly #world: DhtWorld;
  readonly #histories = new Map<string, KeyHistory>();
  readonly #chunks: { readonly key: string; readonly value: Uint8Array }[] = [];
  #isActive = false;
  /** Operations begun, and those that came to a result other than a failure. */
  operations = 0;
  succeeded = 0;

  constructor(world: DhtWorld) {
    this.#world = world;
  }

  /** Lets them begin. */
  start(): void {
    this.#isActive = true;
    const { options: { load: { clients } } } = this.#world;
    for (let client = 0; client < clients; client++) this.#think();
  }

  /** No new operations. */
  stop(): void {
    this.#isActive = false;
  }

  /** Reads every key, one after the other; answers whether all have been read. */
  readAll(timeoutMs: number): () => boolean {
    const { queue: { nowMs }, nodes } = this.#world;
    const up = nodes.filter(({ isUp }) => isUp);
    const reads = [...this.#histories].map(([name, history]) => {
      const [scope, key = ""] = name.split("/") as [ScopeName, string];
      const check = (result: DhtResult) => this.#check(history, nowMs, result);
      return { scope, key, check };
    });
    const chunks = this.#chunks.map(({ key }) => ({
      scope: "chunks" as const,
      key,
      check: ({ type }: DhtResult) => {
        if (type !== "found") this.#world.fail("lost chunk", `${key}: ${type}`);
      },
    }));
    const left = [...reads, ...chunks];
    let isOver = false;
    const next = () => {
      const read = left.pop();
      if (read === undefined) {
        isOver = true;
        return;
      }
      const { scope, key, check } = read;
      const node = up[left.length % up.length];
      if (node === undefined) return this.#world.fail("readable", "No node is up");
      const operationId = this.#world.nextId();
      node.begin({ type: "get", operationId, scope, key, timeoutMs }, (result) => {
        if (result.type === "failed") {
          this.#world.fail("readable", `${scope}/${key}: ${JSON.stringify(result.failure)}`);
        }
        check(result);
        next();
      });
    };
    next();
    return () => isOver;
  }

  #think(): void {
    const { queue, random, options: { load: { thinkMs } } } = this.#world;
    queue.after(exponential(random.load, thinkMs), () => {
      if (!this.#isActive) return;
      const up = this.#world.nodes.filter(({ isUp }) => isUp);
      const node = up[random.load.nextBelow(Math.max(1, up.length))];
      if (node === undefined) return this.#think();
      this.#begin(node);
    });
  }

  #begin(node: DhtNode): void {
    this.operations++;
    const { random: { load: random }, options: { load }, queue } = this.#world;
    const { life } = node;
    // Whoever dies answers nothing: the client goes on after a while.
    let isOver = false;
    queue.after(load.timeoutMs + 200, () => {
      if (isOver) return;
      if (node.life === life) this.#world.fail("deadline", `An operation of ${node.id} is late`);
      this.#think();
    });
    const next = () => {
      isOver = true;
      if (this.#isActive) this.#think();
    };
    if (random.nextFloat() < load.chunkRate) return this.#chunk(node, next);
    const scope: ScopeName = random.nextFloat() < 0.9 ? "artifacts" : "full";
    const key = `key${random.nextBelow(load.keys)}`;
    const draw = random.nextFloat();
    if (draw < load.readRate) this.#get(node, scope, key, next);
    else this.#write(node, scope, key, draw < load.readRate + load.removeRate, next);
  }

  #get(node: DhtNode, scope: ScopeName, key: string, next: () => void): void {
    const { queue: { nowMs }, options: { load: { timeoutMs } } } = this.#world;
    const history = this.#history(scope, key);
    const operationId = this.#world.nextId();
    node.begin({ type: "get", operationId, scope, key, timeoutMs }, (result) => {
      this.#check(history, nowMs, result);
      next();
    });
  }

  #write(node: DhtNode, scope: ScopeName, key: string, isRemove: boolean, next: () => void): void {
    const { queue, options: { load }, random } = this.#world;
    const operationId = this.#world.nextId();
    const value = this.#value(operationId);
    const history = this.#history(scope, key);
    const record = history.write(queue.nowMs, isRemove ? undefined : String(value));
    const common = { operationId, scope, key, timeoutMs: load.timeoutMs };
    const copies = random.load.nextFloat() < load.allRate ? "all" : "quorum";
    const input = isRemove
      ? { type: "remove", ...common } as const
      : { type: "put", ...common, value, copies } as const;
    node.begin(input, (result) => {
      if (result.type === "stored") {
        this.succeeded++;
        const broken = history.acknowledge(record, queue.nowMs, result.version);
        if (broken !== undefined) this.#world.fail(broken.checker, broken.detail);
      }
      next();
    });
  }

  #chunk(node: DhtNode, next: () => void): void {
    const { options: { load: { timeoutMs } }, random: { load: random } } = this.#world;
    const operationId = this.#world.nextId();
    const known = this.#chunks[random.nextBelow(Math.max(1, this.#chunks.length))];
    if (known !== undefined && random.nextFloat() < 0.5) {
      const { key } = known;
      node.begin({ type: "get", operationId, scope: "chunks", key, timeoutMs }, (result) => {
        if (result.type === "absent") this.#world.fail("lost chunk", key);
        if (result.type === "found" && chunkKey(result.value) !== key) {
          this.#world.fail("invented", `${key} has another value`);
        }
        next();
      });
      return;
    }
    const value = this.#value(operationId);
    const key = chunkKey(value);
    const input = { type: "put", operationId, scope: "chunks", key, value, timeoutMs } as const;
    node.begin({ ...input, copies: "all" }, (result) => {
      if (result.type === "stored") {
        this.succeeded++;
        this.#chunks.push({ key, value });
      }
      next();
    });
  }

  #check(history: KeyHistory, startMs: number, result: DhtResult): void {
    if (result.type !== "failed") this.succeeded++;
    const broken = history.check(startMs, result);
    if (broken !== undefined) this.#world.fail(broken.checker, broken.detail);
  }

  #value(id: number): Uint8Array {
    const value = new Uint8Array(this.#world.options.load.valueBytes);
    new DataView(value.buffer).setUint32(0, id);
    return value;
  }

  #history(scope: ScopeName, key: string): KeyHistory {
    const name = `${scope}/${key}`;
    const found = this.#histories.get(name) ?? new KeyHistory(name);
    this.#histories.set(name, found);
    return found;
  }
}
