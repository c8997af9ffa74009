/**
 * The `process` tier: one slice instance in a process of its own, as the relay sees it.
 *
 * It starts the process, carries messages between its pipes and the ports of the gateway and the
 * resources, watches it, and kills it when it must. The node survives whatever the slice does.
 *
 * @module
 */
import { DecodeError } from "../../base/codec.ts";
import type { Problem } from "../../base/errors.ts";
import type {
  Batch,
  FromShell,
  ResourceEvent,
  ResourceReply,
  ToShell,
} from "../../protocol/thread/instance.ts";
import type { ProcessSpec } from "../../protocol/thread/relay.ts";
import type { ExitReason } from "../../protocol/thread/threads.ts";
import { readFromShell } from "../from_shell.ts";
import {
  errorReason,
  type InstanceEvents,
  type RunningInstance,
  sliceProblem,
} from "../running_instance.ts";
import { type Verdict, Watchdog, watchLimits } from "../watchdog.ts";
import { cpuMs } from "../worker_threads.ts";
import { exitOf } from "./exit.ts";
import type { HostCrash, HostReconnect, HostStart } from "./host.ts";
import type { Launch } from "./launch.ts";
import { messagesOf, type PipeKind, pipeKind, PipeWriter } from "./pipe.ts";
import { Traffic } from "./traffic.ts";

const watchIntervalMs = 1_000;
const messageBytesMax = 64 * 1024 * 1024;
const queuedBytesMax = 256 * 1024 * 1024;
const lastWordsMax = 8_192;
/** Time in which the pipes of an ended process are read to their end. */
const restMs = 1_000;
/** Under memory pressure the system shall take slices before the node. */
const oomScore = "500";

/** What a process is started with. */
export interface SliceProcessOptions extends InstanceEvents {
  readonly spec: ProcessSpec;
  readonly launch: Launch;
  readonly gateway: MessagePort;
  readonly resources: MessagePort;
}

interface End {
  readonly reason: ExitReason;
  readonly problem: Problem | undefined;
}

/** An instance in a process of its own. */
export class SliceProcess implements RunningInstance {
  readonly #options: SliceProcessOptions;
  readonly #child: Deno.ChildProcess;
  readonly #in: PipeWriter;
  readonly #traffic = new Traffic();
  #gateway: MessagePort;
  #resources: MessagePort;
  #watchdog: Watchdog | undefined;
  #watchTimer: ReturnType<typeof setInterval> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #phase: "starting" | "running" | "stopping" = "starting";
  /** Why it ends, once that is decided. */
  #end: End | undefined;
  #lastWords = "";

  /** Starts the process; throws when it cannot be started. */
  constructor(options: SliceProcessOptions) {
    this.#options = options;
    const { spec, launch, gateway, resources } = options;
    this.#child = new Deno.Command(launch.command, {
      args: [...launch.args],
      env: { ...launch.env },
      clearEnv: true,
      cwd: "/",
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    offerToSystem(this.#child.pid);
    this.#in = new PipeWriter(this.#child.stdin);
    this.#gateway = gateway;
    this.#listen(gateway);
    this.#resources = resources;
    this.#hear(resources);
    const { instance, artifact, module, permissions, auditMax } = spec;
    const granted = auditMax ?? permissions;
    const start = { instance, artifact, module, permissions, granted };
    this.#send(pipeKind.start, start satisfies Omit<HostStart, "module">);
    this.#timer = setTimeout(() => {
      this.#kill("start-timeout", `The slice did not start within ${spec.startTimeoutMs} ms`);
    }, spec.startTimeoutMs);
    this.#run();
  }

  /** Its process. */
  get pid(): number {
    return this.#child.pid;
  }

  /** See {@link RunningInstance}. */
  connectGateway(gateway: MessagePort): void {
    this.#gateway.close();
    this.#gateway = gateway;
    this.#send(pipeKind.life, { type: "reconnect", to: "gateway" } satisfies HostReconnect);
    this.#listen(gateway);
  }

  /** See {@link RunningInstance}. */
  connectResources(resources: MessagePort): void {
    this.#resources.close();
    this.#resources = resources;
    this.#traffic.requestsLost();
    this.#send(pipeKind.life, { type: "reconnect", to: "resources" } satisfies HostReconnect);
    this.#hear(resources);
  }

  /** See {@link RunningInstance}. */
  expel(cause: string): void {
    this.#kill("protocol", `The slice's process is ended: ${cause}`);
  }

  /** See {@link RunningInstance}. */
  stop(): void {
    if (this.#phase === "stopping" || this.#end !== undefined) return;
    this.#phase = "stopping";
    clearTimeout(this.#timer);
    this.#send(pipeKind.life, { type: "stop" } satisfies ToShell);
    const { stopTimeoutMs } = this.#options.spec;
    this.#timer = setTimeout(() => {
      this.#kill("stop-timeout", `The slice did not stop within ${stopTimeoutMs} ms`);
    }, stopTimeoutMs);
  }

  #listen(gateway: MessagePort): void {
    gateway.onmessage = ({ data }: MessageEvent<Batch>) => {
      this.#traffic.sent(data);
      this.#send(pipeKind.batch, data);
    };
  }

  #hear(resources: MessagePort): void {
    resources.onmessage = ({ data }: MessageEvent<ResourceReply | ResourceEvent>) => {
      if ("id" in data) this.#traffic.answered();
      this.#send(pipeKind.resource, data);
    };
  }

  #send(kind: PipeKind, value: unknown): void {
    if (this.#end !== undefined) return;
    this.#in.send(kind, value);
    if (this.#in.queuedBytes > queuedBytesMax) {
      this.#kill("hung", `The slice's process does not take what it is sent`);
    }
  }

  /** Waits until the process has ended, then reports why. */
  async #run(): Promise<void> {
    const [output, errors] = [this.#child.stdout.getReader(), this.#child.stderr.getReader()];
    const read = Promise.all([this.#readMessages(output), this.#readWords(errors)]);
    const status = await this.#child.status;
    // What it has started and left behind may hold its pipes open for as long as it likes.
    const timer = setTimeout(() => {
      void output.cancel();
      void errors.cancel();
    }, restMs);
    await read;
    clearTimeout(timer);
    clearTimeout(this.#timer);
    clearInterval(this.#watchTimer);
    this.#gateway.close();
    this.#resources.close();
    await this.#in.close();
    this.#end ??= this.#exitOf(status);
    this.#options.onEnd(this.#end.reason, this.#end.problem);
  }

  async #readMessages(output: ByteStreamReader): Promise<void> {
    try {
      for await (const { kind, value } of messagesOf(chunksOf(output), messageBytesMax)) {
        if (this.#end === undefined) this.#onMessage(kind, value);
      }
    } catch (error) {
      const why = error instanceof DecodeError ? error.message : String(error);
      this.#kill("protocol", `The slice's process is ended: its messages cannot be read: ${why}`);
    }
  }

  #exitOf(status: Deno.CommandStatus): End {
    const exit = exitOf(status, this.#lastWords, this.#options.spec.heapMb);
    return { reason: exit.reason, problem: sliceProblem(exit.detail) };
  }

  async #readWords(errors: ByteStreamReader): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of chunksOf(errors)) {
        const text = decoder.decode(chunk, { stream: true });
        this.#lastWords = (this.#lastWords + text).slice(-lastWordsMax);
      }
    } catch {
      // What was read so far is what there is.
    }
  }

  #onMessage(kind: number, value: unknown): void {
    switch (kind) {
      case pipeKind.batch: {
        const batch = this.#traffic.received(value);
        if (batch.length > 0) this.#gateway.postMessage(batch);
        break;
      }
      case pipeKind.resource:
        if (this.#traffic.requests(value, performance.now())) {
          this.#resources.postMessage(value);
        }
        break;
      case pipeKind.life:
        this.#onLife(value);
        break;
      default:
        this.#traffic.malformed();
    }
    const { excess } = this.#traffic;
    if (excess !== undefined) this.#kill("protocol", `The slice's process is ended: ${excess}`);
  }

  #onLife(value: unknown): void {
    if (isCrash(value)) {
      const text = `The slice failed outside a call: ${value.message}`;
      this.#kill(errorReason(value.message), text);
      return;
    }
    const message = readFromShell(value);
    if (message === undefined) this.#traffic.malformed();
    else this.#onShell(message);
  }

  #onShell(message: FromShell): void {
    switch (message.type) {
      case "ready":
        if (this.#phase !== "starting") return;
        this.#phase = "running";
        clearTimeout(this.#timer);
        this.#watch();
        this.#options.onReady();
        break;
      case "failed":
        this.#finish({ reason: "error", problem: message.problem });
        break;
      case "stopped":
        // Only when it was asked to: a slice that says so by itself is not stopped.
        if (this.#phase === "stopping") this.#finish({ reason: "stopped", problem: undefined });
        else this.#traffic.malformed();
        break;
      case "pong":
        this.#onPong(message);
        break;
    }
  }

  #watch(): void {
    const { heapMb, hungTimeoutMs } = this.#options.spec;
    const limits = watchLimits(heapMb, hungTimeoutMs, true);
    const watchdog = this.#watchdog = new Watchdog(limits, performance.now());
    this.#watchTimer = setInterval(() => {
      if (this.#phase !== "running" || this.#end !== undefined) return;
      this.#follow(watchdog.check(performance.now(), watchIntervalMs));
      if (watchdog.health === "SILENT") this.#report(watchdog);
      const ping: ToShell = { type: "ping", sequence: watchdog.nextSequence() };
      this.#send(pipeKind.life, ping);
    }, watchIntervalMs);
  }

  #onPong(message: Extract<FromShell, { type: "pong" }>): void {
    const watchdog = this.#watchdog;
    if (watchdog === undefined || this.#phase !== "running") return;
    this.#follow(watchdog.answered(message, performance.now()));
    this.#report(watchdog);
  }

  #report(watchdog: Watchdog): void {
    this.#options.onUsage?.({
      instance: this.#options.spec.instance,
      tier: "process",
      health: watchdog.health,
      ...watchdog.memory,
      cpuMs: cpuMs({ process: this.pid }),
    });
  }

  #follow(verdict: Verdict): void {
    if (verdict.action === "retire") this.#options.onRetire?.(verdict.cause);
    else if (verdict.action === "end") this.#kill(verdict.reason, verdict.cause);
  }

  #kill(reason: ExitReason, detail: string): void {
    this.#finish({ reason, problem: sliceProblem(detail) });
  }

  /** The first reason counts; the report follows when the process has gone. */
  #finish(end: End): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  }
}

type ByteStreamReader = ReadableStreamDefaultReader<Uint8Array>;

/** Unlike the iterator of a stream it ends when somebody cancels the reader. */
async function* chunksOf(reader: ByteStreamReader): AsyncGenerator<Uint8Array> {
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

function isCrash(value: unknown): value is HostCrash {
  return typeof value === "object" && value !== null && "type" in value &&
    value.type === "crashed" && "message" in value && typeof value.message === "string";
}

function offerToSystem(pid: number): void {
  try {
    Deno.writeTextFileSync(`/proc/${pid}/oom_score_adj`, oomScore);
  } catch {
    // Not Linux, or it has ended already.
  }
}
