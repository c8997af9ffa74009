/**
 * The supervisor's side of the resources thread: starts it, and again when it dies.
 *
 * It remembers which instances run, so that a new thread serves them all: their open requests fail
 * with RESOURCE_LOST, and the next ones are served again.
 *
 * @module
 */
import type { Config } from "../protocol/config/config.ts";
import type { ResourceConsumer } from "../protocol/slice/resources.ts";
import type { FromResources, ToResources } from "../protocol/thread/resources.ts";
import { RestartLimit } from "./restart_limit.ts";
import { Thread } from "./thread.ts";

/** What the supervisor does for it. */
export interface ResourcesThreadEvents {
  /** The thread's end of a new line to the storage thread. */
  storageLine(): MessagePort;
  /** Control's end of a new channel to the thread. */
  connectControl(port: MessagePort): void;
  /** The end of a new channel for an instance that runs. */
  connectInstance(instance: string, port: MessagePort): void;
  onRestart(reason: string): void;
  /** It died too often. */
  onFailure(reason: string): void;
}

/** Starts the resources thread and keeps it running. */
export class ResourcesThread {
  #config: Config;
  readonly #events: ResourcesThreadEvents;
  readonly #consumers = new Map<string, ResourceConsumer>();
  readonly #restarts = new RestartLimit();
  #addresses: readonly string[] = [];
  #thread: Thread<ToResources, FromResources> | undefined;

  constructor(config: Config, events: ResourcesThreadEvents) {
    this.#config = config;
    this.#events = events;
  }

  /** Starts the thread. */
  start(): void {
    const thread: Thread<ToResources, FromResources> = new Thread("resources", {
      onMessage: (message) => {
        // Not before: loading its modules may take longer than a heartbeat.
        if (message.type === "started") thread.watch();
      },
      onDeath: (reason) => this.#die(reason),
    });
    this.#thread = thread;
    const { port1, port2 } = new MessageChannel();
    thread.post({ type: "start", config: this.#config, control: port1 }, [port1]);
    thread.post({ type: "addresses", addresses: this.#addresses });
    this.connectStorage(this.#events.storageLine());
    this.#events.connectControl(port2);
  }

  /** Gives it a line to the storage thread. */
  connectStorage(storage: MessagePort): void {
    this.#thread?.post({ type: "storage", storage }, [storage]);
  }

  /** Connects a new control; answers its end of the channel. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#thread?.post({ type: "control", control: port1 }, [port1]);
    return port2;
  }

  /** Takes over what was changed while the node runs. */
  configure(config: Config): void {
    this.#config = config;
    this.#thread?.post({ type: "config", config });
  }

  /** Says where this node listens. */
  listen(addresses: readonly string[]): void {
    this.#addresses = addresses;
    this.#thread?.post({ type: "addresses", addresses });
  }

  /** Serves an instance until it has ended; answers the instance's end of the channel. */
  serve(consumer: ResourceConsumer): MessagePort {
    this.#consumers.set(consumer.instance, consumer);
    const { port1, port2 } = new MessageChannel();
    this.#thread?.post({ type: "instance", consumer, port: port1 }, [port1]);
    return port2;
  }

  /** The instance has ended, however: what it used is given free. */
  ended(instance: string): void {
    if (this.#consumers.delete(instance)) this.#thread?.post({ type: "instanceEnded", instance });
  }

  /** Ends the thread without asking it. */
  terminate(): void {
    this.#thread?.terminate();
    this.#thread = undefined;
  }

  #die(reason: string): void {
    if (!this.#restarts.allows(performance.now())) {
      this.#events.onFailure(reason);
      return;
    }
    this.#events.onRestart(reason);
    this.start();
    for (const consumer of [...this.#consumers.values()]) {
      this.#events.connectInstance(consumer.instance, this.serve(consumer));
    }
  }
}
