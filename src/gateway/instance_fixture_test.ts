import { setImmediate } from "node:timers";
import { BatchPort } from "../io/batch_port.ts";
import { type Batch, frame, frameWidth } from "../protocol/thread/instance.ts";
import type { RoutedService } from "../protocol/thread/threads.ts";

/** A call as an instance gets it. */
export interface Received {
  readonly id: number;
  readonly method: string;
  readonly requestId: string;
  readonly remainingMs: number;
  readonly path: string | null;
  readonly query: string;
  readonly body: string | null;
  readonly meta: string;
}

/** The instance's end of a gateway's port, played by the test. */
export class FakeInstance {
  readonly id: string;
  /** The gateway's end. */
  readonly far: MessagePort;
  readonly calls: Received[] = [];
  readonly aborted: number[] = [];
  /** Answers to what it invoked, by id, as `ok status body`. */
  readonly answers = new Map<number, string>();
  /** Answers a call with status and body; undefined leaves it waiting. */
  onCall: (call: Received) => readonly [status: number, body: string] | undefined = () => undefined;
  readonly #raw: MessagePort;
  readonly #port: BatchPort;
  #woken: () => void = () => {};

  constructor(id: string) {
    const { port1, port2 } = new MessageChannel();
    this.id = id;
    this.far = port2;
    this.#raw = port1;
    this.#port = new BatchPort(port1, (batch, at) => {
      this.#onFrame(batch.slice(at, at + frameWidth));
      this.#woken();
    }, () => {});
  }

  #onFrame(parts: Batch): void {
    const [kind, id] = parts as [number, number];
    if (kind === frame.abort) this.aborted.push(id);
    else if (kind === frame.reply) this.answers.set(id, parts.slice(2, 5).join(" "));
    else {
      const [, , method, requestId, remainingMs, path, query, body, meta] = parts;
      const call = { id, method, requestId, remainingMs, path, query, body, meta } as Received;
      this.calls.push(call);
      const answer = this.onCall(call);
      if (answer !== undefined) this.reply(id, ...answer);
    }
  }

  reply(id: number, status: number, body: string): void {
    this.#port.send(frame.reply, id, status < 400 ? 1 : 0, status, body);
  }

  /** Calls another slice; answers what comes back. */
  async invoke(contract: string, method: string, changes: Partial<Invocation> = {}) {
    const { id = 1, requestId = "", timeoutMs = 5_000, input = "null", meta = "" } = changes;
    this.#port.send(frame.invoke, id, contract, method, requestId, timeoutMs, input, meta);
    await this.until(() => this.answers.has(id));
    const answer = this.answers.get(id) ?? "";
    this.answers.delete(id);
    return answer;
  }

  /** Posts what no shell would. */
  post(message: unknown): void {
    this.#raw.postMessage(message);
  }

  /** Waits for messages until something is true. */
  async until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) await new Promise<void>((resolve) => this.#woken = resolve);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#port.close();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Details of an invocation. */
export interface Invocation {
  readonly id: number;
  readonly requestId: string;
  readonly timeoutMs: number;
  readonly input: string;
  readonly meta: string;
}

/** The routes of one slice. */
export function serviceOf(changes: Partial<RoutedService> = {}): RoutedService {
  const schemas = { input: {}, output: {}, timeoutMs: 5_000, headers: [] };
  const route = (method: "GET" | "POST", path: string) => ({ http: { method, path, status: 200 } });
  return {
    contract: "org.example:one",
    artifact: "org.example:one:1.0.0",
    weight: 1,
    methods: {
      get: { ...schemas, ...route("GET", "/one/:id"), idempotent: true, headers: ["accept"] },
      make: { ...schemas, ...route("POST", "/one"), idempotent: false },
      inner: { ...schemas, idempotent: false },
    },
    calls: [],
    concurrency: 10,
    instances: ["i1"],
    remotes: [],
    ...changes,
  };
}
