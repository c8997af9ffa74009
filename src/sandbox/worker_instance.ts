/**
 * The `worker` tier: one slice instance in a permission-limited Web Worker.
 *
 * Created on the supervisor's thread, the only one that may create workers. It protects the node
 * against mistakes of a slice, not against malice (docs/architecture.md).
 *
 * @module
 */
import { AetherError, type Problem } from "../base/errors.ts";
import { entryUrl } from "../io/entry.ts";
import type { Permissions } from "../protocol/slice/manifest.ts";
import type { FromShell, ToShell } from "../protocol/thread/instance.ts";
import type { ExitReason } from "../protocol/thread/threads.ts";
import { readFromShell } from "./from_shell.ts";

/** What an instance is started with. */
export interface WorkerInstanceOptions {
  readonly instance: string;
  readonly artifact: string;
  readonly module: Uint8Array;
  readonly permissions: Permissions;
  readonly gateway: MessagePort;
  readonly resources: MessagePort;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  onReady(): void;
  /** Called once, however the instance ends. */
  onEnd(reason: ExitReason, problem: Problem | undefined): void;
}

/** An instance in a worker of its own. */
export class WorkerInstance {
  readonly #options: WorkerInstanceOptions;
  readonly #worker: Worker;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #phase: "starting" | "running" | "stopping" | "ended" = "starting";

  constructor(options: WorkerInstanceOptions) {
    this.#options = options;
    this.#worker = new Worker(entryUrl("shell"), {
      type: "module",
      name: options.instance,
      deno: { permissions: denoPermissions(options.permissions) },
    });
    this.#worker.onmessage = (event: MessageEvent<unknown>) => {
      const message = readFromShell(event.data);
      if (message !== undefined) this.#onMessage(message);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end("error", problem(`The slice failed outside a call: ${event.message}`));
    };
    const { artifact, instance, module, gateway, resources, startTimeoutMs } = options;
    this.#post({ type: "start", artifact, instance, module, gateway, resources }, [
      gateway,
      resources,
    ]);
    this.#timer = setTimeout(() => {
      this.#end("start-timeout", problem(`The slice did not start within ${startTimeoutMs} ms`));
    }, startTimeoutMs);
  }

  /** Connects the instance to a restarted gateway. */
  connectGateway(gateway: MessagePort): void {
    this.#post({ type: "gateway", gateway }, [gateway]);
  }

  /** Lets the instance run its `onStop` callbacks, once, then ends it; `onEnd` follows. */
  stop(): void {
    if (this.#phase === "stopping" || this.#phase === "ended") return;
    this.#phase = "stopping";
    clearTimeout(this.#timer);
    this.#post({ type: "stop" });
    const { stopTimeoutMs } = this.#options;
    this.#timer = setTimeout(() => {
      this.#end("stop-timeout", problem(`The slice did not stop within ${stopTimeoutMs} ms`));
    }, stopTimeoutMs);
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
        this.#options.onReady();
        break;
      case "failed":
        this.#end("error", message.problem);
        break;
      case "stopped":
        this.#end("stopped", undefined);
        break;
    }
  }

  #end(reason: ExitReason, problem: Problem | undefined): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    clearTimeout(this.#timer);
    this.#worker.terminate();
    this.#options.onEnd(reason, problem);
  }
}

function problem(detail: string): Problem {
  return new AetherError("SLICE_FAILED", detail).toProblem();
}

/** Deno's form of a manifest's permissions: what is absent is denied. */
function denoPermissions(permissions: Permissions): Deno.PermissionOptionsObject {
  const { net, read, write, env, sys, run, ffi } = permissions;
  return {
    net: net ?? false,
    read: read ?? false,
    write: write ?? false,
    env: env ?? false,
    sys: (sys ?? false) as Deno.PermissionOptionsObject["sys"] & (string[] | false),
    run: run ?? false,
    ffi: ffi ?? false,
    import: false,
  };
}
