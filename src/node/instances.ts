/**
 * The instances of this node: starts each in its tier, keeps what they use, counts leaked threads.
 *
 * The supervisor calls it, because only its thread may create workers. It wires nothing itself: it
 * is given the ports.
 *
 * @module
 */
import { AetherError, type Problem } from "../base/errors.ts";
import type { Config } from "../protocol/config/config.ts";
import type { Health } from "../protocol/instance_state.ts";
import type { Permissions } from "../protocol/slice/manifest.ts";
import type { ExitReason, FromControl, InstanceUsage, Tier } from "../protocol/thread/threads.ts";
import type { InstanceEvents, RunningInstance } from "../sandbox/running_instance.ts";
import { watchLimits } from "../sandbox/watchdog.ts";
import { WorkerInstance } from "../sandbox/worker_instance.ts";
import { isThreadAlive, waitedMs } from "../sandbox/worker_threads.ts";
import type { Logger } from "../sdk/logger.ts";
import { RelayThread } from "./relay_thread.ts";
import { ThreadSilence } from "./thread_silence.ts";

/** Of reports, and what a thread has to end in before it counts as leaked. */
const intervalMs = 2_000;

/** What the supervisor is told. */
export interface InstancesEvents {
  onReady(instance: string): void;
  onRetire(instance: string, cause: string): void;
  onUsage(usages: readonly InstanceUsage[]): void;
  /** The instance is expected to answer soon, or not any more. */
  onHealth(instance: string, health: Health): void;
  onEnd(instance: string, reason: ExitReason, problem: Problem | undefined): void;
  /** More threads have leaked than the node bears. */
  onTooManyLeaks(count: number): void;
}

/** An instance's ends of its channels. */
export interface InstancePorts {
  readonly gateway: MessagePort;
  readonly resources: MessagePort;
}

/** What an instance is started with. */
export type InstanceStart = Extract<FromControl, { readonly type: "startInstance" }>;

/** Instances that run or start. */
export class Instances {
  #config: Config;
  readonly #log: Logger;
  readonly #events: InstancesEvents;
  readonly #running = new Map<string, RunningInstance>();
  readonly #usages = new Map<string, InstanceUsage>();
  /** Threads that were told to end, and since when a check found them alive. */
  readonly #givenUp = new Map<number, { readonly instance: string; alive?: ThreadSilence }>();
  readonly #relay: RelayThread;
  #timer: ReturnType<typeof setInterval> | undefined;
  #leaked = 0;

  constructor(config: Config, log: Logger, events: InstancesEvents) {
    this.#config = config;
    this.#log = log;
    this.#events = events;
    this.#relay = new RelayThread(config.log, (reason) => {
      log.error("The relay thread died, and the slice processes with it", { reason });
    });
  }

  /** Takes over what was changed while the node runs; instances that run keep theirs. */
  configure(config: Config): void {
    this.#config = config;
  }

  /** How many there are. */
  get size(): number {
    return this.#running.size;
  }

  /** Threads of ended instances that still run and always will. */
  get leaked(): number {
    return this.#leaked;
  }

  /** Starts an instance; `onEnd` is told when that is not possible. */
  start(message: InstanceStart, ports: InstancePorts): void {
    const { instance } = message;
    const tier = tierOf(message.tier, this.#config.sandbox.tier);
    this.#timer ??= setInterval(() => {
      this.#reportUsage();
      this.#checkGivenUp();
    }, intervalMs);
    try {
      const running = tier === "process"
        ? this.#startProcess(message, ports)
        : this.#startWorker(message, ports);
      this.#running.set(instance, running);
      this.#log.debug("An instance starts", { instance, tier });
    } catch (cause) {
      // Deno refuses permission entries that it cannot parse, such as a malformed host.
      const reason = cause instanceof Error ? cause.message : String(cause);
      const error = new AetherError("SLICE_INVALID", `The worker cannot be created: ${reason}`);
      this.#ended(instance, "error", error.toProblem());
    }
  }

  /** Stops an instance; `onEnd` follows. */
  stop(instance: string): void {
    this.#running.get(instance)?.stop();
  }

  /** Ends an instance that floods its port; `onEnd` follows. */
  expel(instance: string, cause: string): void {
    this.#log.error("An instance floods its port and is ended", { instance, cause });
    this.#running.get(instance)?.expel(cause);
  }

  /** Stops all. */
  stopAll(): void {
    for (const running of this.#running.values()) running.stop();
  }

  /** Connects all to a restarted gateway. */
  connectGateway(connect: (instance: string) => MessagePort): void {
    for (const [instance, running] of this.#running) running.connectGateway(connect(instance));
  }

  /** Connects an instance to restarted resources. */
  connectResources(instance: string, resources: MessagePort): void {
    this.#running.get(instance)?.connectResources(resources);
  }

  /** Ends what is left without asking. */
  close(): void {
    clearInterval(this.#timer);
    this.#relay.terminate();
  }

  #startWorker(message: InstanceStart, ports: InstancePorts): RunningInstance {
    const { sandbox } = this.#config;
    const { instance, artifact, module, permissions, heapMb } = message;
    if (sandbox.audit) {
      this.#log.warn("The audit sees only slices in the process tier: set [sandbox] tier", {
        instance,
      });
    }
    return new WorkerInstance({
      instance,
      artifact,
      module,
      permissions,
      ...ports,
      startTimeoutMs: sandbox.startTimeoutMs,
      stopTimeoutMs: sandbox.stopTimeoutMs,
      watch: watchLimits(heapMb, sandbox.hungTimeoutMs, false),
      onGivenUp: (thread) => this.#givenUp.set(thread, { instance }),
      ...this.#eventsOf(instance),
    });
  }

  #startProcess(message: InstanceStart, ports: InstancePorts): RunningInstance {
    const { sandbox, cluster } = this.#config;
    const { instance, artifact, module, permissions, heapMb } = message;
    const { startTimeoutMs, stopTimeoutMs, hungTimeoutMs } = sandbox;
    const spec = {
      instance,
      artifact,
      module,
      permissions,
      heapMb,
      startTimeoutMs,
      stopTimeoutMs,
      hungTimeoutMs,
      deniedHosts: cluster.peers.map(({ host }) => host.includes(":") ? `[${host}]` : host),
      auditMax: sandbox.audit ? mostOf(sandbox.max) : undefined,
    };
    return this.#relay.start(spec, ports, this.#eventsOf(instance));
  }

  #eventsOf(instance: string): InstanceEvents {
    return {
      onReady: () => this.#events.onReady(instance),
      onRetire: (cause) => this.#events.onRetire(instance, cause),
      onUsage: (usage) => this.#onUsage(usage),
      onEnd: (reason, problem) => this.#ended(instance, reason, problem),
    };
  }

  #onUsage(usage: InstanceUsage): void {
    const { instance, health } = usage;
    const before = this.#usages.get(instance)?.health ?? "HEALTHY";
    this.#usages.set(instance, usage);
    if (health === before) return;
    this.#log.info("The health of an instance has changed", { instance, health, before });
    this.#events.onHealth(instance, health);
    this.#reportUsage();
  }

  #ended(instance: string, reason: ExitReason, problem: Problem | undefined): void {
    this.#running.delete(instance);
    this.#usages.delete(instance);
    this.#events.onEnd(instance, reason, problem);
  }

  /**
   * A thread that is there at two checks in a row was there between them as well; but on a busy
   * machine it may not have come to its end for want of a processor.
   */
  #checkGivenUp(): void {
    for (const [thread, given] of [...this.#givenUp]) {
      const now = { nowMs: performance.now(), waitedMs: waitedMs(thread) };
      if (!isThreadAlive(thread)) this.#givenUp.delete(thread);
      else if (given.alive === undefined) given.alive = new ThreadSilence(Infinity, now);
      else if (given.alive.ask(now) > intervalMs / 2) {
        this.#givenUp.delete(thread);
        this.#onLeak(given.instance);
      }
    }
  }

  #onLeak(instance: string): void {
    this.#leaked++;
    const { leakedThreadsMax } = this.#config.sandbox;
    const counts = { instance, leaked: this.#leaked, leakedThreadsMax };
    this.#log.error("The thread of an ended instance cannot be stopped and computes on", counts);
    if (this.#leaked > leakedThreadsMax) this.#events.onTooManyLeaks(this.#leaked);
  }

  #reportUsage(): void {
    if (this.#usages.size > 0) this.#events.onUsage([...this.#usages.values()]);
  }
}

/** Tier of an instance by the weakest isolation that the operator accepts. */
export function tierOf(wanted: Tier, weakest: Tier): Tier {
  return weakest === "process" ? "process" : wanted;
}

/** The operator's ceiling as permissions; "*" stands for everything of a kind. */
export function mostOf(max: Config["sandbox"]["max"]): Permissions {
  const { net, read, write, env, sys, run, ffi } = max;
  return {
    net: [...net],
    read: [...read],
    write: [...write],
    env: [...env],
    sys: [...sys],
    run: run ? ["*"] : [],
    ffi: ffi ? ["*"] : [],
  };
}
