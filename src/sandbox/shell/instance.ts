/**
 * One running instance inside its worker: answers calls from the gateway until it is stopped.
 *
 * @module
 */
import { AetherError, type Problem, toAetherError } from "../../base/errors.ts";
import { BatchPort } from "../../io/batch_port.ts";
import { type Batch, type CallMeta, frame, replyKind } from "../../protocol/thread/instance.ts";
import { type MethodSpec, parseRoute, type RouteSpec } from "../../sdk/contract.ts";
import { Dispatcher, type Outcome } from "../../sdk/dispatch.ts";
import { createLogger, type LogSink } from "../../sdk/logger.ts";
import type { Handles, Needs, SliceDefinition } from "../../sdk/slice.ts";
import { streamOf, type StreamSpec } from "../../sdk/streams.ts";
import { triggeredOf } from "../../sdk/triggers/triggered.ts";
import type { SliceProblem } from "../../protocol/slice/problem.ts";
import { currentCall, httpInput, InstanceCall } from "./call.ts";
import { createClient, type InvokeAnswer, type InvokeOptions, problemToError } from "./client.ts";
import { OpenCalls } from "./open_calls.ts";
import { Readiness } from "./readiness.ts";
import { createResource } from "./resource/handles.ts";
import type { ResourcePort } from "./resource/port.ts";

const stopTimeoutMs = 5_000;
const invokesMax = 10_000;
const logFieldsMax = 16_384;

/** What an instance is started with. */
export interface InstanceOptions {
  readonly artifact: string;
  readonly instance: string;
  readonly definition: SliceDefinition;
  readonly gateway: MessagePort;
  readonly resources: ResourcePort;
  /** What else to say about the text of an error that is logged. @default {nothing} */
  explain?(error: string): string | undefined;
}

interface Method {
  readonly spec: MethodSpec;
  readonly route: RouteSpec | undefined;
  readonly stream: StreamSpec | undefined;
}

/** A running instance; made by {@link SliceInstance.start}. */
export class SliceInstance {
  readonly #options: InstanceOptions;
  readonly #sink: LogSink;
  readonly #methods = new Map<string, Method>();
  readonly #calls = new Map<number, InstanceCall>();
  readonly #invokes = new Map<
    number,
    { resolve(answer: InvokeAnswer): void; reject(error: Error): void; call?: InstanceCall }
  >();
  readonly #open = new OpenCalls(() => this.#gateway);
  readonly #stops: (() => void | Promise<void>)[] = [];
  readonly #readiness: Readiness;
  #dispatcher: Dispatcher | undefined;
  #gateway: BatchPort | undefined;
  #nextInvoke = 1;

  private constructor(options: InstanceOptions, sink: LogSink) {
    this.#options = options;
    this.#sink = sink;
    this.#readiness = new Readiness((level, message) => sink(level, message, {}));
    const { definition } = options;
    const triggered = Object.entries(triggeredOf(definition)).map(([name, { spec }]) =>
      [name, spec] as const
    );
    for (const [name, spec] of [...Object.entries(definition.contract.methods), ...triggered]) {
      this.#methods.set(name, {
        spec,
        route: spec.http === undefined ? undefined : parseRoute(spec.http),
        stream: streamOf(spec.output),
      });
    }
  }

  /**
   * Creates the handles, connects the gateway, runs `create`, which may call already, and answers
   * the instance.
   *
   * @throws whatever `create` throws.
   */
  static async start(options: InstanceOptions): Promise<SliceInstance> {
    const sink = logSink(options);
    const instance = new SliceInstance(options, sink);
    instance.connect(options.gateway);
    const handlers = await options.definition.create(instance.#handles() as Handles<Needs>, {
      artifact: options.artifact,
      instance: options.instance,
      log: createLogger(sink),
      onStop: (callback) => instance.#stops.push(callback),
      readiness: (check) => instance.#readiness.add(check),
    });
    const { definition } = options;
    const triggered = triggeredOf(definition);
    instance.#dispatcher = new Dispatcher(definition.contract, handlers, triggered);
    await instance.#readiness.first();
    return instance;
  }

  /** Takes calls from this port from now on; calls of a former gateway are forgotten. */
  connect(port: MessagePort): void {
    this.#gateway?.close();
    for (const call of this.#calls.values()) call.abort();
    this.#calls.clear();
    this.#open.closeAll();
    const lost = new AetherError("NO_INSTANCE", "The gateway restarted during the call");
    for (const waiting of this.#invokes.values()) waiting.reject(lost);
    this.#invokes.clear();
    this.#gateway = new BatchPort(
      port,
      (batch, offset) => this.#onFrame(batch, offset),
      (reason) => this.#sink("error", reason, {}),
    );
  }

  /** Whether the slice says that it can serve, as last heard; asks it again. */
  get isReady(): boolean {
    return this.#readiness.ask();
  }

  /** Runs the `onStop` callbacks, for 5 s at most. */
  async stop(): Promise<void> {
    const callbacks = async () => {
      for (const callback of this.#stops.reverse()) {
        try {
          await callback();
        } catch (error) {
          this.#sink("error", `An onStop callback failed: ${toAetherError(error).message}`, {});
        }
      }
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, stopTimeoutMs);
    });
    await Promise.race([callbacks(), timeout]);
    clearTimeout(timer);
    this.#readiness.stop();
    for (const call of this.#calls.values()) call.abort();
    this.#open.closeAll();
    this.#gateway?.close();
    this.#options.resources.close();
  }

  #handles(): Record<string, unknown> {
    const handles: Record<string, unknown> = {};
    for (const [name, need] of Object.entries(this.#options.definition.needs)) {
      handles[name] = need.kind === "contract"
        ? createClient(
          need,
          (contract, method, input, options) => this.#invoke(contract, method, input, options),
        )
        : createResource(name, need, this.#options.resources);
    }
    return handles;
  }

  #onFrame(batch: Batch, at: number): void {
    const id = batch[at + 1] as number;
    switch (batch[at]) {
      case frame.call:
        this.#onCall(batch, at, id);
        break;
      case frame.reply: {
        const waiting = this.#invokes.get(id);
        this.#invokes.delete(id);
        const body = batch[at + 4] as string;
        if (batch[at + 2] === replyKind.output) waiting?.resolve(body);
        else if (batch[at + 2] === replyKind.stream) {
          const stream = this.#open.receive(-id, waiting?.call);
          // A call that was lost meanwhile reads nothing.
          if (waiting === undefined) this.#open.endReceive(-id);
          waiting?.resolve(stream);
        } else waiting?.reject(problemToError(body));
        break;
      }
      case frame.abort:
        this.#calls.get(id)?.abort();
        this.#open.close(id);
        break;
      case frame.end:
        // A socket's client has gone; of a body it is the regular end.
        if (batch[at + 2] !== 0) this.#calls.get(id)?.abort();
        this.#open.onFrame(batch, at);
        break;
      case frame.data:
      case frame.credit:
        this.#open.onFrame(batch, at);
        break;
    }
  }

  #onCall(batch: Batch, at: number, id: number): void {
    const name = batch[at + 2] as string;
    const meta = batch[at + 8] as string;
    const call = new InstanceCall(
      batch[at + 3] as string,
      batch[at + 4] as number,
      meta,
      this.#sink,
    );
    this.#calls.set(id, call);
    const method = this.#methods.get(name);
    if (method?.spec.body === "stream") call.body = this.#open.body(id, call);
    let outcome: Outcome | Promise<Outcome>;
    try {
      const input = this.#input(method, batch, at);
      outcome = currentCall.run(call, () => this.#dispatch(name, input, call));
    } catch (error) {
      outcome = { ok: false, problem: toAetherError(error).toProblem(call.requestId) };
    }
    if (outcome instanceof Promise) {
      outcome.then((settled) => this.#reply(id, call, method, settled));
    } else this.#reply(id, call, method, outcome);
  }

  #dispatch(name: string, input: unknown, call: InstanceCall): Outcome | Promise<Outcome> {
    const dispatcher = this.#dispatcher;
    if (dispatcher !== undefined) return dispatcher.run(name, input, call);
    const error = new AetherError("NO_INSTANCE", "The instance has not started");
    return { ok: false, problem: error.toProblem(call.requestId) };
  }

  #input(method: Method | undefined, batch: Batch, at: number): unknown {
    const body = batch[at + 7];
    const text = body instanceof Uint8Array
      ? new TextDecoder().decode(body)
      : body as string | null;
    if (batch[at + 5] === null) return text === null ? undefined : JSON.parse(text);
    if (method?.route === undefined) return undefined;
    if (method.spec.body === "stream") {
      return httpInput(method.route, batch[at + 5] as string, batch[at + 6] as string, null);
    }
    return httpInput(method.route, batch[at + 5] as string, batch[at + 6] as string, text);
  }

  #reply(id: number, call: InstanceCall, method: Method | undefined, outcome: Outcome): void {
    // A call of a former gateway: the present one has calls of its own with the same numbers.
    if (this.#calls.get(id) !== call) {
      call.end();
      return;
    }
    if (outcome.ok && method?.stream !== undefined) {
      this.#answerOpen(id, call, method.stream, {
        status: method.spec.status ?? 200,
        output: outcome.output,
      });
      return;
    }
    call.end();
    this.#calls.delete(id);
    if (method?.spec.body === "stream") this.#open.close(id);
    let ok: number = outcome.ok ? replyKind.output : replyKind.problem;
    let status = outcome.ok ? method?.spec.status ?? 200 : outcome.problem.status;
    let body: string;
    try {
      body = encode(outcome);
    } catch (error) {
      // A BigInt or a cycle passed an output schema that does not look inside.
      ok = replyKind.problem;
      status = 500;
      const message = `The output cannot be written as JSON: ${toAetherError(error).message}`;
      body = JSON.stringify(new AetherError("OUTPUT_INVALID", message).toProblem(call.requestId));
    }
    this.#gateway?.send(frame.reply, id, ok, status, body, call.head);
  }

  async #answerOpen(
    id: number,
    call: InstanceCall,
    stream: StreamSpec,
    answer: { readonly status: number; readonly output: unknown },
  ): Promise<void> {
    // Nobody waits any more: what the handler made is not even begun.
    if (!call.isAborted) await this.#open.answer(id, call, stream, answer);
    call.end();
    if (this.#calls.get(id) === call) this.#calls.delete(id);
  }

  #invoke(
    contract: string,
    method: string,
    inputJson: string,
    { timeoutMs, affinity, oneWay }: InvokeOptions,
  ): Promise<InvokeAnswer> {
    if (this.#invokes.size >= invokesMax) {
      return Promise.reject(
        new AetherError("OVERLOADED", `More than ${invokesMax} calls of this instance are waiting`),
      );
    }
    const call = currentCall.getStore();
    // A call that nobody waits for outlives the one that it comes from.
    const remainingMs = call === undefined || oneWay
      ? timeoutMs
      : Math.min(timeoutMs, nestedMs(call.remainingMs));
    const meta = call === undefined && affinity === undefined && !oneWay
      ? ""
      : invokeMeta(call, affinity, oneWay);
    const id = this.#nextInvoke++;
    const requestId = call?.requestId ?? "";
    return new Promise((resolve, reject) => {
      this.#invokes.set(id, { resolve, reject, ...(call === undefined ? {} : { call }) });
      this.#gateway?.send(
        frame.invoke,
        id,
        contract,
        method,
        requestId,
        remainingMs,
        inputJson,
        meta,
      );
    });
  }
}

function invokeMeta(
  call: InstanceCall | undefined,
  affinity: string | undefined,
  oneWay: boolean,
): string {
  const meta = call?.nestedMeta ?? "";
  if (affinity === undefined && !oneWay) return meta;
  const own: CallMeta = {
    ...(affinity === undefined ? {} : { affinity }),
    ...(oneWay ? { oneWay } : {}),
  };
  const text = JSON.stringify(own);
  return meta === "" ? text : `${meta.slice(0, -1)},${text.slice(1)}`;
}

/** What a call may take inside another one, so that it ends first and the outer one can tell. */
function nestedMs(outerMs: number): number {
  return outerMs - Math.min(200, outerMs / 10);
}

function encode(outcome: Outcome): string {
  if (!outcome.ok) return JSON.stringify(outcome.problem satisfies Problem | SliceProblem);
  return JSON.stringify(outcome.output) ?? "null";
}

function logSink({ resources, explain }: InstanceOptions): LogSink {
  return (level, message, given) => {
    const explained = typeof given["error"] === "string" ? explain?.(given["error"]) : undefined;
    const fields = explained === undefined ? given : { ...given, denied: explained };
    let text = "{}";
    try {
      text = JSON.stringify(fields) ?? "{}";
    } catch {
      text = JSON.stringify({ fields: "cannot be written as JSON" });
    }
    if (text.length > logFieldsMax) text = JSON.stringify({ fields: "too large" });
    resources.log(level, String(message), text);
  };
}
