/**
 * The supervisor: creates every worker of the node, wires their ports and watches over them.
 *
 * It runs on the main thread and speaks no protocol of its own: creating a worker blocks this loop
 * for some 20 ms, and nobody must wait for that (ADR 0003). Dead threads are restarted (ADR 0011);
 * when one dies again and again, the process ends with exit code 70.
 *
 * @module
 */
import { AetherError, type Problem } from "../base/errors.ts";
import { createNodeLogger } from "../io/node_log.ts";
import type { Config } from "../protocol/config/config.ts";
import type { ConfigOrigin } from "../protocol/config/overlay.ts";
import type {
  Addresses,
  Caller,
  ExitReason,
  FromControl,
  FromGateway,
  ToGateway,
} from "../protocol/thread/threads.ts";
import type { StorageUser } from "../protocol/thread/storage.ts";
import type { Logger } from "../sdk/logger.ts";
import { ControlThread } from "./control_thread.ts";
import { Instances } from "./instances.ts";
import { ResourcesThread } from "./resources_thread.ts";
import { RestartLimit, restartsMax } from "./restart_limit.ts";
import { StorageThread } from "./storage/storage_thread.ts";
import { Thread } from "./thread.ts";

const drainGraceMs = 5_000;
const stopTimeoutMs = 9_000;
/** Exit code of a node whose thread failed (sysexits EX_SOFTWARE). */
const exitThreadFailed = 70;
/** Exit code of a node that was removed from its cluster (sysexits EX_NOPERM). */
const exitRemoved = 77;
/** Exit code of a node that wants to be started again (sysexits EX_TEMPFAIL). */
const exitRestart = 75;

/** What `runNode` reports once the node serves. */
export interface NodeInfo extends Addresses {
  readonly id: string;
}

/** Options of {@link runNode}. */
export interface RunNodeOptions {
  onReady?(info: NodeInfo): void;
  /** Stops the node, like SIGTERM. */
  readonly signal?: AbortSignal;
  /** Where the values of the configuration come from, for those who ask the node. */
  readonly origin?: ConfigOrigin | undefined;
}

/**
 * Runs a node until it is told to stop (SIGTERM, SIGINT or the signal); resolves with the exit
 * code.
 *
 * @throws {AetherError} when the node cannot start: PORT_TAKEN, STORAGE_*, CONFIG_INVALID.
 */
export async function runNode(config: Config, options: RunNodeOptions = {}): Promise<number> {
  const supervisor = new Supervisor(config, options);
  const stop = () => supervisor.stop();
  const signals = ["SIGTERM", "SIGINT"] as const;
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    return await supervisor.run();
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
    options.signal?.removeEventListener("abort", stop);
  }
}

type Phase = "starting" | "running" | "leaving" | "draining" | "stopping" | "ended";

class Supervisor {
  #config: Config;
  readonly #options: RunNodeOptions;
  /** Changes with the configuration. */
  readonly #logConfig: Config["log"];
  readonly #log: Logger;
  readonly #instances: Instances;
  readonly #finished = Promise.withResolvers<number>();
  readonly #control: ControlThread;
  #gateway: Thread<ToGateway, FromGateway> | undefined;
  readonly #gatewayRestarts = new RestartLimit();
  readonly #resources: ResourcesThread;
  readonly #storage: StorageThread;
  /** Where the first gateway and the storage listen, until control has been told. */
  #listening: { app: string; gateway: string } | undefined;
  #storageAddress: string | undefined;
  /** What each instance may call; a restarted gateway is told again. */
  readonly #callers = new Map<string, Caller>();
  /** Where the first gateway listened; those after it must listen there as well. */
  #appPort: number | undefined;
  #gatewayPort: number | undefined;
  /** Control's end of the channel to the gateway, until control takes it. */
  #controlSide: MessagePort | undefined;
  #phase: Phase = "starting";
  /** Of an orderly stop. */
  #exitCode = 0;
  #stopTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(config: Config, options: RunNodeOptions) {
    this.#config = config;
    this.#options = options;
    this.#logConfig = { ...config.log };
    this.#log = createNodeLogger(this.#logConfig, "supervisor");
    this.#instances = new Instances(config, this.#log, {
      onReady: (instance) => this.#control.instanceReady(instance),
      onRetire: (instance, cause) =>
        this.#control.post({ type: "instanceRetiring", instance, cause }),
      onUsage: (usages) => this.#control.post({ type: "instanceUsage", usages }),
      onHealth: (instance, health) =>
        this.#gateway?.post({ type: "instanceHealth", instance, health }),
      onEnd: (instance, reason, problem) => this.#onInstanceEnd(instance, reason, problem),
      onTooManyLeaks: (count) => this.#restart(count),
    });
    this.#storage = new StorageThread(config, {
      onListening: (address) => {
        this.#storageAddress = address;
        this.#startControl();
      },
      connect: (user, port) => this.#connectStorage(user, port),
      onFailed: (problem) => this.#fail(problem),
      onRestart: (reason) =>
        this.#log.error("The storage thread died and is restarted", { reason }),
      onFailure: (reason) =>
        this.#threadFailed("storage", `${reason}, ${restartsMax} times within a minute`),
    });
    this.#control = new ControlThread(config, options.origin, {
      onMessage: (message) => this.#onControl(message),
      connectGateway: () => this.#connectControl(),
      connectResources: () => this.#resources.connect(),
      connectStorage: () => this.#storage.line("control"),
      mayRestart: () => this.#phase === "running",
      onRestart: (reason) =>
        this.#log.error("The control thread died and is restarted", { reason }),
      onFailure: (reason) => this.#threadFailed("control", reason),
    });
    this.#resources = new ResourcesThread(config, {
      storageLine: () => this.#storage.line("resources"),
      connectControl: (resources) =>
        this.#control.post({ type: "resources", resources }, [resources]),
      connectInstance: (instance, port) => this.#instances.connectResources(instance, port),
      onRestart: (reason) =>
        this.#log.error("The resources thread died and is restarted", { reason }),
      onFailure: (reason) =>
        this.#threadFailed("resources", `${reason}, ${restartsMax} times within a minute`),
    });
  }

  run(): Promise<number> {
    this.#storage.start();
    this.#startGateway();
    return this.#finished.promise;
  }

  /**
   * Stops in order: others take over the instances, the gateway drains, instances end, control
   * closes the store. A second call does not wait for the others.
   */
  stop(): void {
    if (this.#phase === "running") {
      this.#phase = "leaving";
      this.#log.info("Stopping");
      this.#control.post({ type: "leave" });
    } else if (this.#phase === "starting" || this.#phase === "leaving") this.#drain();
  }

  #drain(): void {
    const started = this.#phase === "leaving";
    this.#phase = "draining";
    this.#stopTimer = setTimeout(() => {
      this.#log.error("The node did not stop in time; it is ended", { timeoutMs: stopTimeoutMs });
      this.#end(1);
    }, stopTimeoutMs);
    if (!started) {
      this.#end(0);
      return;
    }
    this.#control.post({ type: "quiesce" });
    this.#gateway?.post({ type: "stop", graceMs: drainGraceMs });
  }

  #startGateway(): void {
    const { port1: gatewaySide, port2: controlSide } = new MessageChannel();
    this.#controlSide?.close();
    this.#controlSide = controlSide;
    const gateway: Thread<ToGateway, FromGateway> = new Thread("gateway", {
      onMessage: (message) => {
        if (message.type === "listening") {
          gateway.watch();
          this.#onGatewayListening(message.app, message.gateway);
        } else if (message.type === "failed") this.#fail(message.problem);
        else if (message.type === "flooded") {
          this.#instances.expel(message.instance, message.cause);
        } else if (message.type === "stopped") this.#onDrained();
      },
      onDeath: (reason) => this.#onGatewayDeath(reason),
    });
    this.#gateway = gateway;
    const { app, cluster } = this.#config;
    const config = {
      ...this.#config,
      app: { ...app, port: this.#appPort ?? app.port },
      cluster: { ...cluster, gatewayPort: this.#gatewayPort ?? cluster.gatewayPort },
    };
    gateway.post({ type: "start", config, control: gatewaySide }, [gatewaySide]);
    this.#connectStorage("gateway", this.#storage.line("gateway"));
  }

  #connectStorage(user: StorageUser, storage: MessagePort): void {
    if (user === "resources") this.#resources.connectStorage(storage);
    else if (user === "gateway") this.#gateway?.post({ type: "calls", port: storage }, [storage]);
    else this.#control.post({ type: "storage", storage }, [storage]);
  }

  #onGatewayListening(appAddress: string, gatewayAddress: string): void {
    this.#appPort = portOf(appAddress);
    if (gatewayAddress !== "") this.#gatewayPort = portOf(gatewayAddress);
    if (!this.#control.isStarted) {
      this.#listening = { app: appAddress, gateway: gatewayAddress };
      this.#startControl();
      return;
    }
    const controlSide = this.#controlSide;
    this.#controlSide = undefined;
    // A restart: wire the new gateway to what runs already.
    if (controlSide !== undefined) {
      this.#control.post({ type: "gateway", gateway: controlSide }, [controlSide]);
    }
    this.#instances.connectGateway((instance) => this.#connectInstance(instance));
  }

  /** Control's end of a new channel to the gateway. */
  #connectControl(): MessagePort {
    const { port1: gatewaySide, port2: controlSide } = new MessageChannel();
    this.#gateway?.post({ type: "control", control: gatewaySide }, [gatewaySide]);
    // What a gateway that starts was given is for the control that died.
    this.#controlSide?.close();
    this.#controlSide = undefined;
    return controlSide;
  }

  /** Gives the gateway one end of a new channel; answers the instance's end. */
  #connectInstance(instance: string): MessagePort {
    const { port1, port2 } = new MessageChannel();
    const caller = this.#callers.get(instance) ?? { contract: "", calls: [] };
    this.#gateway?.post({ type: "instance", instance, caller, port: port1 }, [port1]);
    return port2;
  }

  /** Starts control as soon as gateway and storage listen. */
  #startControl(): void {
    const gateway = this.#controlSide;
    const storageAddress = this.#storageAddress;
    if (this.#listening === undefined || storageAddress === undefined) return;
    if (gateway === undefined || this.#control.isStarted) return;
    const { app: appAddress, gateway: gatewayAddress } = this.#listening;
    this.#controlSide = undefined;
    this.#control.start({ appAddress, gatewayAddress, storageAddress }, gateway);
    this.#resources.start();
  }

  #onControl(message: FromControl): void {
    switch (message.type) {
      case "listening":
        if (this.#phase !== "starting") return;
        this.#phase = "running";
        this.#resources.listen(Object.values(message.addresses));
        this.#options.onReady?.({ id: this.#config.node.id, ...message.addresses });
        break;
      case "failed":
        this.#fail(message.problem);
        break;
      case "config":
        this.#config = message.config;
        Object.assign(this.#logConfig, message.config.log);
        this.#instances.configure(message.config);
        this.#resources.configure(message.config);
        this.#storage.configure(message.config);
        break;
      case "startInstance":
        this.#startInstance(message);
        break;
      case "stopInstance":
        this.#instances.stop(message.instance);
        break;
      case "shutDown":
        if (this.#phase === "running") this.stop();
        break;
      case "left":
        if (this.#phase === "leaving") this.#drain();
        break;
      case "stopped":
        this.#storage.stop(() => this.#end(this.#exitCode));
        break;
    }
  }

  #startInstance(message: Extract<FromControl, { type: "startInstance" }>): void {
    if (!["starting", "running", "leaving"].includes(this.#phase)) return;
    const { instance, caller, consumer } = message;
    this.#callers.set(instance, caller);
    this.#control.instanceStarts(instance, message.artifact);
    this.#instances.start(message, {
      gateway: this.#connectInstance(instance),
      resources: this.#resources.serve(consumer),
    });
  }

  /** Drains and ends the node, so that whoever watches over it starts it again. */
  #restart(leaked: number): void {
    if (this.#phase !== "running") return;
    this.#log.error("Too many threads have leaked: the node drains and ends to be restarted", {
      leaked,
      exitCode: exitRestart,
    });
    this.#exitCode = exitRestart;
    this.stop();
  }

  #onInstanceEnd(instance: string, reason: ExitReason, problem: Problem | undefined): void {
    this.#callers.delete(instance);
    this.#resources.ended(instance);
    this.#gateway?.post({ type: "instanceEnded", instance });
    this.#control.instanceEnded({ type: "instanceEnded", instance, reason, problem });
    if (this.#phase === "stopping" && this.#instances.size === 0) this.#stopControl();
  }

  #onDrained(): void {
    this.#phase = "stopping";
    this.#gateway?.terminate();
    if (this.#instances.size === 0) this.#stopControl();
    this.#instances.stopAll();
  }

  #stopControl(): void {
    if (this.#control.isStarted) this.#control.post({ type: "stop" });
    else this.#end(this.#exitCode);
  }

  #onGatewayDeath(reason: string): void {
    if (this.#phase === "draining") {
      this.#onDrained();
      return;
    }
    if (!this.#gatewayRestarts.allows(performance.now())) {
      this.#threadFailed("gateway", `${reason}, ${restartsMax} times within a minute`);
      return;
    }
    this.#log.error("The gateway thread died and is restarted", { reason });
    this.#startGateway();
  }

  #threadFailed(name: string, reason: string): void {
    this.#log.error(`The ${name} thread died: ${reason}`);
    this.#end(exitThreadFailed);
  }

  #fail(problem: Problem): void {
    if (problem.name === "NODE_REMOVED") this.#leave(problem);
    else if (this.#phase === "starting") {
      this.#shutDown();
      this.#finished.reject(AetherError.fromProblem(problem));
    } else this.#threadFailed("node's", problem.detail);
  }

  /** Ends the node in order, with an exit code that says that starting it again is useless. */
  #leave(problem: Problem): void {
    this.#log.error("The node ends", { reason: problem.detail, exitCode: exitRemoved });
    this.#exitCode = exitRemoved;
    if (this.#phase === "starting") this.#end(exitRemoved);
    else this.stop();
  }

  #end(code: number): void {
    this.#shutDown();
    this.#finished.resolve(code);
  }

  #shutDown(): void {
    this.#phase = "ended";
    clearTimeout(this.#stopTimer);
    this.#controlSide?.close();
    this.#instances.close();
    this.#resources.terminate();
    this.#storage.terminate();
    this.#gateway?.terminate();
    this.#control.terminate();
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
