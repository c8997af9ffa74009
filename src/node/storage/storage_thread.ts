/**
 * The supervisor's side of the storage thread: starts it, again when it dies, and gives the other
 * threads their lines to it.
 *
 * A new thread listens where the first one did. Whoever was asking gets THREAD_LOST, and may ask
 * again at once: questions wait until the new thread has opened its files.
 *
 * @module
 */
import type { Problem } from "../../base/errors.ts";
import { parseAddress } from "../../base/transport/transport.ts";
import type { Config } from "../../protocol/config/config.ts";
import type { FromStorage, StorageUser, ToStorage } from "../../protocol/thread/storage.ts";
import { RestartLimit } from "../restart_limit.ts";
import { Thread } from "../thread.ts";

/** What the supervisor does for it. */
export interface StorageThreadEvents {
  /** It serves for the first time; "" when it takes no links of other nodes. */
  onListening(address: string): void;
  /** A thread's end of a new line. */
  connect(user: StorageUser, port: MessagePort): void;
  onFailed(problem: Problem): void;
  onRestart(reason: string): void;
  /** It died too often. */
  onFailure(reason: string): void;
}

/** Starts the storage thread and keeps it running. */
export class StorageThread {
  #config: Config;
  readonly #events: StorageThreadEvents;
  readonly #restarts = new RestartLimit();
  readonly #users = new Set<StorageUser>();
  #thread: Thread<ToStorage, FromStorage> | undefined;
  #port: number | undefined;
  #hasListened = false;
  #onStopped: (() => void) | undefined;

  constructor(config: Config, events: StorageThreadEvents) {
    this.#config = config;
    this.#events = events;
  }

  /** Starts the thread. */
  start(): void {
    const thread: Thread<ToStorage, FromStorage> = new Thread("storage", {
      onMessage: (message) => this.#onMessage(message),
      onDeath: (reason) => this.#die(reason),
    });
    this.#thread = thread;
    const { cluster } = this.#config;
    const storagePort = this.#port ?? cluster.storagePort;
    thread.post({
      type: "start",
      config: { ...this.#config, cluster: { ...cluster, storagePort } },
    });
  }

  /** Makes a line for a thread, and after its restart again; answers that thread's end. */
  line(user: StorageUser): MessagePort {
    this.#users.add(user);
    const { port1, port2 } = new MessageChannel();
    this.#thread?.post({ type: "line", user, port: port1 }, [port1]);
    return port2;
  }

  /** Takes over what was changed while the node runs. */
  configure(config: Config): void {
    this.#config = config;
    this.#thread?.post({ type: "config", config });
  }

  /** Lets it close its files; calls back also when it dies meanwhile. */
  stop(onStopped: () => void): void {
    this.#onStopped = onStopped;
    if (this.#thread === undefined) onStopped();
    else this.#thread.post({ type: "stop" });
  }

  /** Ends the thread without asking it. */
  terminate(): void {
    this.#thread?.terminate();
    this.#thread = undefined;
  }

  #onMessage(message: FromStorage): void {
    if (message.type === "failed") this.#events.onFailed(message.problem);
    else if (message.type === "stopped") this.#onStopped?.();
    else if (message.type === "listening") {
      // Not before: opening a large data directory may take longer than a heartbeat.
      this.#thread?.watch();
      if (message.storage !== "") this.#port = parseAddress(message.storage).port;
      if (this.#hasListened) return;
      this.#hasListened = true;
      this.#events.onListening(message.storage);
    }
  }

  #die(reason: string): void {
    this.#thread = undefined;
    if (this.#onStopped !== undefined) {
      this.#onStopped();
      return;
    }
    if (!this.#restarts.allows(performance.now())) {
      this.#events.onFailure(reason);
      return;
    }
    this.#events.onRestart(reason);
    this.start();
    for (const user of this.#users) this.#events.connect(user, this.line(user));
  }
}
