/**
 * The supervisor's side of the relay: slice processes as running instances.
 *
 * The relay thread starts with the first process. When it dies, its processes die with it; they are
 * reported as failed, and the next start makes a new relay.
 *
 * @module
 */
import type { Config } from "../protocol/config/config.ts";
import type { FromRelay, ProcessSpec, ToRelay } from "../protocol/thread/relay.ts";
import {
  type InstanceEvents,
  type RunningInstance,
  sliceProblem,
} from "../sandbox/running_instance.ts";
import { Thread } from "./thread.ts";

/** Starts slice processes on a thread of their own. */
export class RelayThread {
  readonly #log: Config["log"];
  readonly #onDeath: (reason: string) => void;
  readonly #instances = new Map<string, InstanceEvents>();
  #thread: Thread<ToRelay, FromRelay> | undefined;

  /** `onDeath` is told when the thread died and took its processes with it. */
  constructor(log: Config["log"], onDeath: (reason: string) => void) {
    this.#log = log;
    this.#onDeath = onDeath;
  }

  /** Starts a process; its `onEnd` is called however that goes. */
  start(
    spec: ProcessSpec,
    ports: { readonly gateway: MessagePort; readonly resources: MessagePort },
    events: InstanceEvents,
  ): RunningInstance {
    const { instance } = spec;
    const { gateway, resources } = ports;
    this.#instances.set(instance, events);
    this.#post({ type: "instance", spec, gateway, resources }, [gateway, resources]);
    return {
      connectGateway: (port) => this.#post({ type: "gateway", instance, gateway: port }, [port]),
      connectResources: (port) =>
        this.#post({ type: "resources", instance, resources: port }, [port]),
      stop: () => this.#post({ type: "stop", instance }),
      expel: (cause) => this.#post({ type: "expel", instance, cause }),
    };
  }

  /** Ends the thread, and with it every process. */
  terminate(): void {
    this.#thread?.terminate();
    this.#thread = undefined;
  }

  #post(message: ToRelay, transfer: Transferable[] = []): void {
    if (this.#thread === undefined) this.#start();
    this.#thread?.post(message, transfer);
  }

  #start(): void {
    const thread: Thread<ToRelay, FromRelay> = new Thread("relay", {
      onMessage: (message) => {
        // Not before: loading its modules may take longer than a heartbeat.
        if (message.type === "started") thread.watch();
        else this.#onMessage(message);
      },
      onDeath: (reason) => this.#die(reason),
    });
    this.#thread = thread;
    thread.post({ type: "start", log: this.#log });
  }

  #onMessage(message: FromRelay): void {
    switch (message.type) {
      case "ready":
        this.#instances.get(message.instance)?.onReady();
        break;
      case "retire":
        this.#instances.get(message.instance)?.onRetire?.(message.cause);
        break;
      case "usage":
        this.#instances.get(message.usage.instance)?.onUsage?.(message.usage);
        break;
      case "ended": {
        const events = this.#instances.get(message.instance);
        this.#instances.delete(message.instance);
        events?.onEnd(message.reason, message.problem);
        break;
      }
    }
  }

  #die(reason: string): void {
    this.#thread = undefined;
    this.#onDeath(reason);
    const all = [...this.#instances.values()];
    this.#instances.clear();
    const problem = sliceProblem(`The relay thread of the slice processes died: ${reason}`);
    for (const events of all) events.onEnd("error", problem);
  }
}
