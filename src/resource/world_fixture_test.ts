import assert from "node:assert/strict";
import type { Problem } from "../base/errors.ts";
import type { Applied, Transaction, Writer } from "../protocol/store/command.ts";
import { createLogger } from "../sdk/logger.ts";
import { StoreState } from "../store/state.ts";
import type { ResourceFactory, ResourceSection } from "./factory.ts";
import { type Network, networkExtension } from "./http/network.ts";
import { InstanceServer } from "./instance_server.ts";
import { ResourceRegistry } from "./registry.ts";
import { type LocalLocks, localStoreAccess, storeExtension } from "./store_access.ts";
import { kvFactory } from "./types/kv.ts";

/** An answer of the node. */
export interface Reply {
  readonly id: number;
  readonly ok: boolean;
  readonly result?: unknown;
  readonly problem?: Problem;
}

/** What is different in a test's world. */
export interface WorldOptions {
  readonly artifactBase?: string;
  readonly factory?: ResourceFactory;
  readonly section?: ResourceSection;
  readonly hosts?: readonly string[];
  readonly locks?: LocalLocks;
  readonly network?: Network;
}

const noLocks: LocalLocks = {
  acquire: () => assert.fail("No lock was expected"),
  renew: () => assert.fail("No lock was expected"),
  release: () => assert.fail("No lock was expected"),
};

/** One instance with one need, "links", and its end of the port. */
export class World {
  readonly state = new StoreState({ maxBytes: 100_000_000 });
  readonly logs: string[] = [];
  readonly events: unknown[] = [];
  readonly proposals: Transaction[] = [];
  readonly registry: ResourceRegistry;
  readonly server: InstanceServer;
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #nextId = 1;
  #sequence = 0;
  /** Holds reads and proposals back, when set. */
  gate: Promise<void> | undefined;
  failure: unknown;
  onEvent: () => void = () => {};

  constructor(options: WorldOptions = {}) {
    const { artifactBase = "org.example:a", factory = kvFactory, section, hosts = [] } = options;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => {
      if ("event" in data) {
        this.events.push(data);
        this.onEvent();
      } else this.#waiting.get(data.id)?.(data);
    };
    const log = createLogger((level, message, fields) => {
      this.logs.push(`${level} ${message} ${JSON.stringify(fields)}`);
    });
    this.registry = new ResourceRegistry({
      factories: [factory],
      sections: section === undefined ? {} : { it: section },
      log,
      onChange: () => {},
    });
    const store = {
      state: this.state,
      propose: (writer: Writer, transaction: Transaction) => this.#propose(writer, transaction),
      readBarrier: () => this.gate ?? Promise.resolve(),
    };
    const access = localStoreAccess(store, options.locks ?? noLocks);
    this.registry.registerExtension(storeExtension, access);
    if (options.network !== undefined) {
      this.registry.registerExtension(networkExtension, options.network);
    }
    const need = { name: "links", type: factory.type, section: section === undefined ? "" : "it" };
    const artifact = `${artifactBase}:1.0.0`;
    const consumer = { instance: "n1/a/1", artifact, artifactBase, needs: [need], hosts };
    const calls = this.registry.provision(
      consumer,
      (resource, event, value) => this.server.notify({ resource, event, value }),
    );
    this.server = new InstanceServer({ port: port2, artifact, calls, log });
  }

  async #propose(writer: Writer, transaction: Transaction): Promise<Applied> {
    this.proposals.push(transaction);
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    return this.apply(writer, transaction);
  }

  apply(writer: Writer, transaction: Transaction): Applied {
    return this.state.apply({
      node: "n1",
      incarnation: 1,
      sequence: ++this.#sequence,
      acknowledgedBelow: 0,
      writer,
      transaction,
    }).applied;
  }

  post(message: unknown): void {
    this.#port.postMessage(message);
  }

  /** The answer to a request of `links`. */
  ask(request: Record<string, unknown>): Promise<Reply> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.post({ id, resource: "links", ...request });
    });
  }

  async result(request: Record<string, unknown>): Promise<unknown> {
    const reply = await this.ask(request);
    assert.equal(reply.ok, true, JSON.stringify(reply.problem));
    return reply.result;
  }

  async problem(request: Record<string, unknown>): Promise<Problem> {
    const { problem } = await this.ask(request);
    return problem ?? assert.fail("It was done");
  }

  [Symbol.dispose](): void {
    this.registry.releaseAll("n1/a/1");
    this.server.close();
    this.#port.close();
  }
}
