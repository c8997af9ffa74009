/**
 * The `worker` tier: one slice instance in a permission-limited Web Worker.
 *
 * Created on the supervisor's thread, the only one that may create workers. It protects the node
 * against mistakes of a slice, not against malice (docs/isolation.md): a thread that computes
 * cannot be stopped, only given up.
 *
 * @module
 */
import type { Problem } from "../base/errors.ts";
import { entryUrl } from "../io/entry.ts";
import type { Permissions } from "../protocol/slice/manifest.ts";
import type { FromShell, ToShell } from "../protocol/thread/instance.ts";
import type { ExitReason } from "../protocol/thread/threads.ts";
import { readFromShell } from "./from_shell.ts";
import {
  errorReason,
  type InstanceEvents,
  type RunningInstance,
  sliceProblem,
} from "./running_instance.ts";
import { type Verdict, Watchdog, type WatchLimits } from "./watchdog.ts";
import { cpuMs, newWorkerThread, threadIds } from "./worker_threads.ts";

const watchIntervalMs = 1_000;

/** What an instance is started with. */
export interface WorkerInstanceOptions extends InstanceEvents {
  readonly instance: string;
  readonly artifact: string;
  readonly module: Uint8Array;
  readonly permissions: Permissions;
  readonly gateway: MessagePort;
  readonly resources: MessagePort;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** When it is replaced or ended; without them it is not watched. */
  readonly watch?: WatchLimits;
  /** Its thread was told to end, and may not do it. */
  onGivenUp?(thread: number): void;
}

/** An instance in a worker of its own. */
export class WorkerInstance implements RunningInstance {
  readonly #options: WorkerInstanceOptions;
  readonly #worker: Worker;
  readonly #thread: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #watchTimer: ReturnType<typeof setInterval> | undefined;
  #watchdog: Watchdog | undefined;
  #phase: "starting" | "running" | "stopping" | "ended" = "starting";

  constructor(options: WorkerInstanceOptions) {
    this.#options = options;
    const before = threadIds();
    this.#worker = new Worker(entryUrl("shell"), {
      type: "module",
      name: options.instance,
      deno: { permissions: denoPermissions(options.permissions) },
    });
    this.#thread = newWorkerThread(before);
    this.#worker.onmessage = (event: MessageEvent<unknown>) => {
      const message = readFromShell(event.data);
      if (message !== undefined) this.#onMessage(message);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const text = `The slice failed outside a call: ${event.message}`;
      this.#end(errorReason(event.message), sliceProblem(text));
    };
    const { artifact, instance, module, permissions, gateway, resources } = options;
    const { startTimeoutMs } = options;
    this.#post({ type: "start", artifact, instance, module, permissions, gateway, resources }, [
      gateway,
      resources,
    ]);
    this.#timer = setTimeout(() => {
      this.#end(
        "start-timeout",
        sliceProblem(`The slice did not start within ${startTimeoutMs} ms`),
      );
    }, startTimeoutMs);
  }

  /** Connects the instance to a restarted gateway. */
  connectGateway(gateway: MessagePort): void {
    this.#post({ type: "gateway", gateway }, [gateway]);
  }

  /** See {@link RunningInstance}. */
  connectResources(resources: MessagePort): void {
    this.#post({ type: "resources", resources }, [resources]);
  }

  /** Lets the instance run its `onStop` callbacks, once, then ends it; `onEnd` follows. */
  stop(): void {
    if (this.#phase === "stopping" || this.#phase === "ended") return;
    this.#phase = "stopping";
    clearTimeout(this.#timer);
    this.#post({ type: "stop" });
    const { stopTimeoutMs } = this.#options;
    this.#timer = setTimeout(() => {
      this.#end("stop-timeout", sliceProblem(`The slice did not stop within ${stopTimeoutMs} ms`));
    }, stopTimeoutMs);
  }

  /** See {@link RunningInstance}. */
  expel(cause: string): void {
    this.#end("protocol", sliceProblem(`The instance was ended: ${cause}`));
  }

  #post(message: ToShell, transfer: Transferable[] = []): void {
    if (this.#phase !== "ended") this.#worker.postMessage(message, transfer);
  }

  #onMessage(message: FromShell): void {
    switch (message.type) {
      case "ready":
        // When it is to stop already, the timer is that of the stop.
        if (this.#phase !== "starting") return;
        this.#phase = "running";
        clearTimeout(this.#timer);
        this.#watch();
        this.#options.onReady();
        break;
      case "failed":
        this.#end("error", message.problem);
        break;
      case "stopped":
        this.#end("stopped", undefined);
        break;
      case "pong":
        this.#onPong(message);
        break;
    }
  }

  #watch(): void {
    const { watch } = this.#options;
    if (watch === undefined) return;
    const watchdog = this.#watchdog = new Watchdog(watch, performance.now());
    this.#watchTimer = setInterval(() => {
      // Its own time limit counts while it stops.
      if (this.#phase !== "running") return;
      this.#follow(watchdog.check(performance.now(), watchIntervalMs));
      if (watchdog.health === "SILENT") this.#report(watchdog);
      this.#post({ type: "ping", sequence: watchdog.nextSequence() });
    }, watchIntervalMs);
  }

  #onPong(message: Extract<FromShell, { type: "pong" }>): void {
    const watchdog = this.#watchdog;
    if (watchdog === undefined || this.#phase !== "running") return;
    this.#follow(watchdog.answered(message, performance.now()));
    this.#report(watchdog);
  }

  #report(watchdog: Watchdog): void {
    const thread = this.#thread;
    this.#options.onUsage?.({
      instance: this.#options.instance,
      tier: "worker",
      health: watchdog.health,
      ...watchdog.memory,
      cpuMs: thread === undefined ? undefined : cpuMs({ thread }),
    });
  }

  #follow(verdict: Verdict): void {
    if (verdict.action === "retire") this.#options.onRetire?.(verdict.cause);
    else if (verdict.action === "end") this.#end(verdict.reason, sliceProblem(verdict.cause));
  }

  #end(reason: ExitReason, problem: Problem | undefined): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    clearTimeout(this.#timer);
    clearInterval(this.#watchTimer);
    this.#worker.terminate();
    const thread = this.#thread;
    if (reason !== "stopped" && thread !== undefined) this.#options.onGivenUp?.(thread);
    this.#options.onEnd(reason, problem);
  }
}

/**
 * Deno's form of a manifest's permissions: what is absent is denied, and "*" is everything of a
 * kind.
 */
export function denoPermissions(permissions: Permissions): Deno.PermissionOptionsObject {
  const granted = (entries: readonly string[] | undefined) =>
    entries?.includes("*") ? true : entries?.length ? [...entries] : false;
  const { net, read, write, env, sys, run, ffi } = permissions;
  return {
    net: granted(net),
    read: granted(read),
    write: granted(write),
    env: granted(env),
    sys: granted(sys) as Exclude<Deno.PermissionOptionsObject["sys"], undefined>,
    run: granted(run),
    ffi: granted(ffi),
    import: false,
  };
}
