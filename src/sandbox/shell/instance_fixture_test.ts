import assert from "node:assert/strict";
import { z } from "zod";
import { BatchPort } from "../../io/batch_port.ts";
import { type Batch, frame } from "../../protocol/thread/instance.ts";
import { contract, method } from "../../sdk/contract.ts";
import type { Needs, SliceDefinition } from "../../sdk/slice.ts";
import { SliceInstance } from "./instance.ts";
import { ResourcePort } from "./resource/port.ts";

const any = z.any();
/** What the instance offers. */
export const one = contract("org.example:one", {
  get: method({ input: any, output: any, http: "GET /one/:id" }),
  make: method({ input: any, output: any, http: "POST /one", status: 201 }),
  inner: method({ input: z.object({ n: z.number() }), output: any }),
});
/** What it may call. */
export const other = contract("org.example:other", {
  ask: method({ input: any, output: any, timeoutMs: 5_000 }),
});

// deno-lint-ignore no-explicit-any -- handlers of tests take what they like
type Handler = (input: any, call: any) => unknown;
type Create = (
  needs: Record<string, Client>,
  instance: Context,
) => Partial<Record<string, Handler>>;
interface Client {
  ask(input: unknown, options?: { timeoutMs?: number }): Promise<unknown>;
}
type Context = Parameters<SliceDefinition["create"]>[1];

/** An answer as the gateway gets it. */
export interface Reply {
  readonly ok: boolean;
  readonly status: number;
  readonly body: string;
}

/** A gateway's end of a channel to an instance. */
export class Gateway {
  readonly far: MessagePort;
  readonly replies: string[] = [];
  readonly aborts: number[] = [];
  readonly #port: BatchPort;
  readonly #raw: MessagePort;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  /** Answers what the instance calls; undefined leaves it waiting. */
  onInvoke: (call: Batch) => Omit<Reply, "status"> | undefined = () => undefined;
  readonly invokes: Batch[] = [];

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.far = port2;
    this.#raw = port1;
    this.#port = new BatchPort(port1, (batch, at) => {
      const parts = batch.slice(at, at + 9);
      if (parts[0] === frame.invoke) {
        this.invokes.push(parts.slice(2, 8));
        const answer = this.onInvoke(parts.slice(2, 8));
        if (answer === undefined) return;
        this.#port.send(frame.reply, parts[1] as number, answer.ok ? 1 : 0, 200, answer.body);
        return;
      }
      const [, id, ok, status, body] = parts as [number, number, number, number, string];
      this.replies.push(`${id} ${status} ${body}`);
      this.#waiting.get(id)?.({ ok: ok === 1, status, body });
    }, (reason) => assert.fail(reason));
  }

  call(id: number, name: string, input: Partial<Input> = {}): Promise<Reply> {
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      const { path = "", query = "", body = null, meta = "", remainingMs = 10_000 } = input;
      this.#port.send(frame.call, id, name, `r${id}`, remainingMs, path, query, body, meta);
    });
  }

  abort(id: number): void {
    this.#port.send(frame.abort, id);
  }

  post(message: unknown): void {
    this.#raw.postMessage(message);
  }

  close(): void {
    this.#port.close();
  }
}

interface Input {
  /** Null for a call from a slice. */
  readonly path: string | null;
  readonly query: string;
  readonly body: string | Uint8Array | null;
  readonly meta: string;
  readonly remainingMs: number;
}

/** An instance of `one`, with the node's ends of its ports. */
export class World {
  readonly gateways: Gateway[] = [new Gateway()];
  readonly logs: string[] = [];
  readonly #resources: MessagePort;
  readonly #port: ResourcePort;
  #instance: SliceInstance | undefined;

  private constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#resources = port1;
    port1.onmessage = ({ data }) => {
      this.logs.push(`${data.level} ${data.message} ${data.fields}`);
    };
    this.#port = new ResourcePort(port2);
  }

  static async start(create: Create, needs: Needs = { other }): Promise<World> {
    const world = new World();
    const refuse = () => assert.fail("It was not expected");
    const definition = {
      kind: "slice",
      contract: one,
      needs,
      create: (handles: unknown, instance: Context) => ({
        get: refuse,
        make: refuse,
        inner: refuse,
        ...create(handles as Record<string, Client>, instance),
      }),
    } as unknown as SliceDefinition;
    world.#instance = await SliceInstance.start({
      artifact: "org.example:one:1.0.0",
      instance: "n1/org.example:one:1.0.0/1",
      definition,
      gateway: world.gateway.far,
      resources: world.#port,
    });
    return world;
  }

  /** The present gateway. */
  get gateway(): Gateway {
    return this.gateways.at(-1) ?? assert.fail();
  }

  /** Gives the instance a new gateway. */
  reconnect(): void {
    this.gateways.push(new Gateway());
    this.#instance?.connect(this.gateway.far);
  }

  /** Stops the instance, waits for so many lines of its log, and closes the ports. */
  async stop(lines = 0): Promise<void> {
    await this.#instance?.stop();
    await until(() => this.logs.length >= lines);
    for (const gateway of this.gateways) gateway.close();
    this.#resources.close();
  }
}

/** Lets messages arrive until something is true of them. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    assert.ok(turns < 10_000, "It never became true");
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
