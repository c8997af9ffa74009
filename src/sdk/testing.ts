/**
 * `testSlice()`: run a slice in the test's own process, with fakes for what it needs.
 *
 * Inputs and outputs are validated exactly as in the cluster; there is no sandbox, network or
 * serialisation. For the whole path use `aether dev` or an end-to-end test.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import { limits } from "../protocol/limits.ts";
import type { Contract } from "./contract.ts";
import { Dispatcher } from "./dispatch.ts";
import { createLogger, type LogFields, type LogLevel } from "./logger.ts";
import type { CallContext } from "./call_context.ts";
import type { Fakes, Handles, Needs, SliceDefinition, TestClient } from "./slice.ts";
import type { KvEntry, KvHandle, KvWriteOptions } from "./resource/kv.ts";
import type { ResourceSpec } from "./resource/spec.ts";
import type { Topic, TopicHandle } from "./resource/topic.ts";
import { kvConflict } from "./kv_conflict.ts";
import { SliceError } from "./slice_error.ts";
import type { Message, Subscription, Subscriptions } from "./triggers/subscribe.ts";
import { triggeredOf } from "./triggers/triggered.ts";

/** A message that a slice under test has published. */
export interface RecordedMessage {
  readonly topic: string;
  readonly key: string | undefined;
  readonly value: unknown;
}

/** Functions that hand messages to the subscriptions of a slice under test. */
export type Deliveries<S extends Subscriptions> = {
  readonly [K in keyof S]: S[K] extends Subscription<infer Value>
    ? (value: Value, message?: Partial<Message>) => Promise<void>
    : never;
};

/** A slice under test. */
export interface TestedSlice<C, S extends Subscriptions = Subscriptions> {
  /** Typed client that validates input and output as the cluster does. */
  readonly client: TestClient<C>;
  /** Hands a message to a subscription, as the cluster does; rejects when it is not handled. */
  readonly deliver: Deliveries<S>;
  /** Messages that the slice published to topics without a fake, oldest first. */
  readonly published: readonly RecordedMessage[];
  /** Lines that the slice logged. */
  readonly logs: readonly { level: LogLevel; message: string; fields: LogFields }[];
  /** Runs the `onStop` callbacks, once. */
  stop(): Promise<void>;
}

/**
 * Creates an instance of a slice for a test.
 *
 * Contracts in `needs` must be given as objects with the methods the slice calls; `kv()` is an
 * in-memory fake unless given, and what is published to a `topic()` is written down.
 *
 * @throws {TypeError} when a need has no fake; the message names it.
 * @example
 * ```ts
 * import { contract, method, slice, testSlice, z } from "aether";
 * const one = contract("org.example:one", {
 *   inc: method({ input: z.object({ n: z.number() }), output: z.object({ n: z.number() }) }),
 * });
 * const tested = await testSlice(slice(one, {
 *   create: () => ({ inc: ({ n }) => ({ n: n + 1 }) }),
 * }));
 * console.assert((await tested.client.inc({ n: 1 })).n === 2);
 * await tested.stop();
 * ```
 */
export async function testSlice<
  C extends Contract,
  N extends Needs,
  S extends Subscriptions = Record<never, never>,
>(
  definition: SliceDefinition<C, N, S>,
  fakes: Partial<Fakes<N>> = {},
): Promise<TestedSlice<C, S>> {
  const published: RecordedMessage[] = [];
  const logs: { level: LogLevel; message: string; fields: LogFields }[] = [];
  const log = createLogger((level, message, fields) => {
    logs.push({ level, message, fields });
  });
  const stops: (() => void | Promise<void>)[] = [];
  const handles: Record<string, unknown> = {};
  for (const [name, need] of Object.entries(definition.needs)) {
    const fake = fakes[name] ??
      (need.kind === "resource" ? fakeResource(need, published) : undefined);
    if (fake === undefined) throw new TypeError(`testSlice() needs a fake for "${name}"`);
    handles[name] = need.kind === "contract" ? fakeClient(need, fake) : fake;
  }
  const handlers = await definition.create(handles as Handles<N>, {
    artifact: `${definition.contract.name}:0.0.0-test`,
    instance: "test/0",
    log,
    onStop: (callback) => stops.push(callback),
    readiness: () => {},
  });
  const triggered = triggeredOf(definition);
  const dispatcher = new Dispatcher(definition.contract, handlers, triggered);
  const run = async (name: string, input: unknown) => {
    const outcome = await dispatcher.run(name, input, testCall(log));
    if (outcome.ok) return outcome.output;
    throw SliceError.fromProblem(outcome.problem) ?? AetherError.fromProblem(outcome.problem);
  };
  const client: Record<string, unknown> = {};
  for (const name of Object.keys(definition.contract.methods)) {
    client[name] = withSend((input) => run(name, input));
  }
  const deliver: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, { topic }] of Object.entries(definition.subscriptions ?? {})) {
    deliver[name] = async (value: unknown, message: Partial<Message> = {}) => {
      await run(name, {
        topic: topic.options.topic,
        partition: 0,
        offset: offset++,
        publishedAtMs: 0,
        attempt: 1,
        ...message,
        value: JSON.parse(JSON.stringify(value)),
      });
    };
  }
  return {
    client: client as TestClient<C>,
    deliver: deliver as Deliveries<S>,
    published,
    logs,
    stop: async () => {
      for (const callback of stops.splice(0).reverse()) await callback();
    },
  };
}

type FakeMethod = (input: unknown, options?: unknown) => Promise<unknown>;

/** Adds what clients have: a call whose answer nobody waits for. */
function withSend(call: FakeMethod): FakeMethod {
  const send = async (input: unknown, options?: unknown): Promise<void> => {
    await call(input, options);
  };
  return Object.assign((input: unknown, options?: unknown) => call(input, options), { send });
}

function fakeClient(contract: Contract, fake: unknown): Record<string, unknown> {
  const client: Record<string, unknown> = {};
  for (const name of Object.keys(contract.methods)) {
    const call = (fake as Record<string, unknown>)[name];
    // A method that the test does not expect to be called may be left out.
    if (typeof call === "function") client[name] = withSend((...given) => call.apply(fake, given));
  }
  return client;
}

function testCall(log: CallContext["log"]): CallContext {
  return {
    requestId: "test",
    remainingMs: 30_000,
    signal: new AbortController().signal,
    log,
    caller: undefined,
    traceparent: undefined,
    tracestate: undefined,
    clientAddress: undefined,
    body: new ReadableStream({ start: (controller) => controller.close() }),
    header: () => undefined,
  };
}

function fakeResource(spec: ResourceSpec<unknown>, published: RecordedMessage[]): unknown {
  if (spec.type === "kv") return new FakeKv(spec.schema);
  return spec.type === "topic" ? fakeTopic(spec as Topic, published) : undefined;
}

/** A publisher whose messages are written down. */
function fakeTopic(spec: Topic, published: RecordedMessage[]): TopicHandle<unknown> {
  return {
    publish: (value, options = {}) =>
      Promise.try(() => {
        const message = spec.schema.parse(value);
        const { topic } = spec.options;
        published.push({
          topic,
          key: options.key,
          value: JSON.parse(JSON.stringify(message)),
        });
        return { partition: 0, offset: published.length - 1 };
      }),
  };
}

interface StoredText {
  /** JSON, as in the store. */
  readonly text: string;
  readonly revision: number;
}

/** In-memory `kv()` for tests, with JSON values, revisions and compare-and-set. */
class FakeKv implements KvHandle<unknown> {
  readonly #schema: ResourceSpec<unknown>["schema"];
  readonly #entries = new Map<string, StoredText>();
  #revision = 0;

  constructor(schema: ResourceSpec<unknown>["schema"]) {
    this.#schema = schema;
  }

  async get(key: string): Promise<unknown> {
    return (await this.entry(key))?.value;
  }

  entry(key: string): Promise<KvEntry<unknown> | undefined> {
    return Promise.try(() => this.#read(key));
  }

  put(key: string, value: unknown, options: KvWriteOptions = {}): Promise<number> {
    return Promise.try(() => {
      const text = JSON.stringify(this.#checked(value));
      if (text === undefined) throw new TypeError(`The value of key "${key}" must be JSON`);
      this.#refuseConflict(key, options);
      this.#entries.set(key, { text, revision: ++this.#revision });
      return this.#revision;
    });
  }

  delete(key: string, options: KvWriteOptions = {}): Promise<boolean> {
    return Promise.try(() => {
      this.#refuseConflict(key, options);
      return this.#entries.delete(key);
    });
  }

  list(prefix = "", options: { readonly limit?: number } = {}): Promise<KvEntry<unknown>[]> {
    return Promise.try(() => {
      const keys = [...this.#entries.keys()].filter((key) => key.startsWith(prefix)).sort();
      const limit = Math.min(options.limit ?? limits.listMax, limits.listMax);
      return keys.slice(0, limit).flatMap((key) => this.#read(key) ?? []);
    });
  }

  #read(key: string): KvEntry<unknown> | undefined {
    const stored = this.#entries.get(key);
    if (stored === undefined) return undefined;
    return { key, value: this.#checked(JSON.parse(stored.text)), revision: stored.revision };
  }

  #checked(value: unknown): unknown {
    return this.#schema === undefined ? value : this.#schema.parse(value);
  }

  #refuseConflict(key: string, options: KvWriteOptions): void {
    const revision = this.#entries.get(key)?.revision ?? 0;
    if (options.ifRevision === undefined || options.ifRevision === revision) return;
    throw kvConflict(key, options.ifRevision, revision);
  }
}
