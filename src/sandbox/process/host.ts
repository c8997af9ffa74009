/**
 * The host of one slice, `aether __slice-host`: a process with one permission-limited worker.
 *
 * It runs the same shell as the worker tier and carries messages between its ports and the pipes
 * to the node. It decides nothing: the relay on the other side watches, stops and kills. It ends
 * when its standard input does, which the system also closes when the node dies.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { entryUrl } from "../../io/entry.ts";
import type { Permissions } from "../../protocol/slice/manifest.ts";
import type { ToShell } from "../../protocol/thread/instance.ts";
import { denoPermissions } from "../worker_instance.ts";
import { messagesOf, pipeKind, type PipeMessage, PipeWriter } from "./pipe.ts";

/** What the relay sends first. */
export interface HostStart {
  readonly instance: string;
  readonly artifact: string;
  readonly module: Uint8Array<ArrayBuffer>;
  readonly permissions: Permissions;
  /** What the worker is granted, when that is not what the manifest says. */
  readonly granted: Permissions;
}

/** Life-cycle messages of the host itself, besides those of the shell. */
export interface HostCrash {
  readonly type: "crashed";
  /** What reached `onerror` of the worker. */
  readonly message: string;
}

/** A thread of the node restarted: the shell gets a new channel to it. */
export interface HostReconnect {
  readonly type: "reconnect";
  readonly to: "gateway" | "resources";
}

/** The node is trusted, and it has limits of its own. */
const messageBytesMax = 2 ** 31;
// A terminal and a service manager signal the whole group: the node decides when a slice ends.
const groupSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const dropped = ["net", "read", "write", "env", "sys", "run", "ffi"] as const;

/** Runs the host until its standard input ends, and then ends the process. */
export async function runSliceHost(): Promise<void> {
  for (const signal of groupSignals) Deno.addSignalListener(signal, () => {});
  const host = new SliceHost(new PipeWriter(Deno.stdout.writable));
  try {
    for await (const message of messagesOf(Deno.stdin.readable, messageBytesMax)) {
      host.onMessage(message);
    }
  } finally {
    Deno.exit(0);
  }
}

class SliceHost {
  readonly #out: PipeWriter;
  #worker: Worker | undefined;
  #gateway: MessagePort | undefined;
  #resources: MessagePort | undefined;

  constructor(out: PipeWriter) {
    this.#out = out;
  }

  onMessage({ kind, value }: PipeMessage): void {
    switch (kind) {
      case pipeKind.start:
        this.#start(value as unknown as HostStart);
        break;
      case pipeKind.batch:
        this.#gateway?.postMessage(value);
        break;
      case pipeKind.resource:
        this.#resources?.postMessage(value);
        break;
      case pipeKind.life:
        this.#onLife(value as unknown as ToShell | HostReconnect);
        break;
    }
  }

  #start({ instance, artifact, module, permissions, granted }: HostStart): void {
    assert(this.#worker === undefined, "The host was started twice");
    const worker = this.#worker = new Worker(entryUrl("shell"), {
      type: "module",
      name: instance,
      deno: { permissions: denoPermissions(granted) },
    });
    worker.onmessage = ({ data }) => {
      if (data?.type === "ready") giveUpPermissions();
      this.#out.send(pipeKind.life, data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const crash: HostCrash = { type: "crashed", message: event.message };
      this.#out.send(pipeKind.life, crash);
    };
    const gateway = this.#openGateway();
    const resources = this.#openResources();
    const start: ToShell = {
      type: "start",
      instance,
      artifact,
      module,
      permissions,
      gateway,
      resources,
    };
    worker.postMessage(start, [gateway, resources]);
  }

  /** A new channel for calls; answers the shell's end. */
  #openGateway(): MessagePort {
    this.#gateway?.close();
    const { port1, port2 } = new MessageChannel();
    this.#gateway = port1;
    port1.onmessage = ({ data }) => this.#out.send(pipeKind.batch, data);
    return port2;
  }

  /** A new channel for resources; answers the shell's end. */
  #openResources(): MessagePort {
    this.#resources?.close();
    const { port1, port2 } = new MessageChannel();
    this.#resources = port1;
    port1.onmessage = ({ data }) => this.#out.send(pipeKind.resource, data);
    return port2;
  }

  #onLife(message: ToShell | HostReconnect): void {
    if (message.type !== "reconnect") {
      this.#worker?.postMessage(message);
      return;
    }
    if (message.to === "gateway") {
      const gateway = this.#openGateway();
      this.#worker?.postMessage({ type: "gateway", gateway } satisfies ToShell, [gateway]);
    } else {
      const resources = this.#openResources();
      this.#worker?.postMessage({ type: "resources", resources } satisfies ToShell, [resources]);
    }
  }
}

/** The worker has its own; a compiled binary starts with all of them. */
function giveUpPermissions(): void {
  for (const name of dropped) Deno.permissions.revokeSync({ name });
}
