/**
 * The supervisor's side of the control thread: starts it, and again when it dies.
 *
 * A new control reads its state back from disk, or from the other nodes, and finds the gateway and
 * the instances running; the supervisor tells it which. It waits until the dead one's thread has
 * ended. Where there is nothing to read the state back from, the node ends.
 *
 * @module
 */
import type { Config } from "../protocol/config/config.ts";
import type { ConfigOrigin } from "../protocol/config/overlay.ts";
import type {
  Addresses,
  FromControl,
  InheritedInstance,
  ToControl,
} from "../protocol/thread/threads.ts";
import { RestartLimit } from "./restart_limit.ts";
import { Thread } from "./thread.ts";

/** Restarts within a minute; a bug in what the disk says would come again and again. */
const restartsMax = 2;

/** What the supervisor does for it. */
export interface ControlThreadEvents {
  onMessage(message: FromControl): void;
  /** Control's end of a new channel to the gateway that runs. */
  connectGateway(): MessagePort;
  /** Control's end of a new channel to the resources. */
  connectResources(): MessagePort;
  /** Control's end of a new line to the storage. */
  connectStorage(): MessagePort;
  /** Whether the node wants a new control when this one dies now. */
  mayRestart(): boolean;
  onRestart(reason: string): void;
  /** It died, and there will be no other. */
  onFailure(reason: string): void;
}

/** Where the other threads listen, as control is told. */
type OtherAddresses = Pick<StartControl, "appAddress" | "gatewayAddress" | "storageAddress">;

type StartControl = Extract<ToControl, { readonly type: "start" }>;

/** Starts control and keeps it running. */
export class ControlThread {
  /** As the node was started with; overrides are control's business. */
  readonly #config: Config;
  readonly #origin: ConfigOrigin | undefined;
  readonly #events: ControlThreadEvents;
  readonly #restarts = new RestartLimit(restartsMax);
  readonly #instances = new Map<string, InheritedInstance>();
  #listening: Addresses | undefined;
  #others: OtherAddresses | undefined;
  #thread: Thread<ToControl, FromControl> | undefined;

  constructor(config: Config, origin: ConfigOrigin | undefined, events: ControlThreadEvents) {
    this.#config = config;
    this.#origin = origin;
    this.#events = events;
  }

  /** Whether there is one, or a new one comes. */
  get isStarted(): boolean {
    return this.#thread !== undefined;
  }

  /** Starts the thread beside others that listen. */
  start(others: OtherAddresses, gateway: MessagePort): void {
    this.#others = others;
    this.#start(this.#config, others, { gateway, inherited: undefined });
  }

  /** Posts a message; between two controls it is lost, and the second is told what runs. */
  post(message: ToControl, transfer: Transferable[] = []): void {
    this.#thread?.post(message, transfer);
  }

  /** An instance is being started. */
  instanceStarts(instance: string, artifact: string): void {
    this.#instances.set(instance, { instance, artifact, isReady: false });
  }

  /** An instance serves. */
  instanceReady(instance: string): void {
    const known = this.#instances.get(instance);
    if (known !== undefined) this.#instances.set(instance, { ...known, isReady: true });
    this.post({ type: "instanceReady", instance });
  }

  /** An instance has ended. */
  instanceEnded(message: Extract<ToControl, { readonly type: "instanceEnded" }>): void {
    this.#instances.delete(message.instance);
    this.post(message);
  }

  /** Ends the thread without asking it. */
  terminate(): void {
    this.#thread?.terminate();
  }

  #start(
    config: Config,
    others: OtherAddresses,
    { gateway, inherited }: Pick<StartControl, "gateway" | "inherited">,
  ): void {
    const thread: Thread<ToControl, FromControl> = new Thread("control", {
      onMessage: (message) => {
        if (message.type === "listening") {
          thread.watch();
          this.#listening = message.addresses;
        }
        this.#events.onMessage(message);
      },
      onDeath: (reason) => this.#die(reason),
    });
    this.#thread = thread;
    const origin = this.#origin;
    thread.post({ type: "start", config, inherited, origin, ...others, gateway }, [gateway]);
    const storage = this.#events.connectStorage();
    thread.post({ type: "storage", storage }, [storage]);
  }

  #die(reason: string): void {
    const [events, listening, others] = [this.#events, this.#listening, this.#others];
    const isRestartable = this.#isStateElsewhere && events.mayRestart();
    if (listening === undefined || others === undefined || !isRestartable) {
      events.onFailure(reason);
    } else if (!this.#restarts.allows(performance.now())) {
      events.onFailure(`${reason}, for the third time within a minute`);
    } else {
      events.onRestart(reason);
      const inherited = [...this.#instances.values()];
      const gateway = events.connectGateway();
      this.#start(listeningThere(this.#config, listening), others, { gateway, inherited });
      const resources = events.connectResources();
      this.post({ type: "resources", resources }, [resources]);
    }
  }

  /** Whether the store can be read back: from the disk, or from others. */
  get #isStateElsewhere(): boolean {
    const { node, cluster } = this.#config;
    return node.dataDir !== undefined || cluster.peers.length > 0;
  }
}

/** The configuration with the ports that were chosen by the system. */
function listeningThere(config: Config, { cluster, management }: Addresses): Config {
  const port = (own: number, address: string) =>
    own === 0 ? Number(address.slice(address.lastIndexOf(":") + 1)) : own;
  return {
    ...config,
    cluster: { ...config.cluster, port: port(config.cluster.port, cluster) },
    management: { ...config.management, port: port(config.management.port, management) },
  };
}
