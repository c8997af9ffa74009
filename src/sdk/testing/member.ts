/**
 * A slice in a test cluster: its instances, the handles that they share, and its log.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import type { Contract } from "../contract.ts";
import { Dispatcher } from "../dispatch.ts";
import { createLogger, type LogFields, type Logger, type LogLevel } from "../logger.ts";
import type { ResourceSpec } from "../resource/spec.ts";
import type { Topic } from "../resource/topic.ts";
import type { InstanceContext, Needs } from "../slice.ts";
import type { Subscriptions } from "../triggers/subscribe.ts";
import { triggeredOf } from "../triggers/triggered.ts";
import { isPlaced } from "./fake.ts";
import { fakeBlob } from "./stored/fake_blob.ts";
import { fakeCache } from "./stored/fake_cache.ts";
import { fakeConfig } from "./fake_config.ts";
import { fakeHttp } from "./fake_http.ts";
import { fakeKv } from "./fake_kv.ts";
import { FakeLocks } from "./fake_lock.ts";
import type { TestTopics } from "./triggers/topics.ts";

/** A slice's definition with its types erased. */
export interface AnySlice {
  readonly kind: "slice";
  readonly contract: Contract;
  readonly needs: Needs;
  readonly subscriptions?: Subscriptions;
  readonly create: (handles: never, instance: InstanceContext) => unknown;
}

/** A slice of a test cluster with what it needs; made by `withFakes()`. */
export interface TestMember {
  readonly kind: "member";
  readonly definition: AnySlice;
  readonly fakes: Readonly<Record<string, unknown>>;
  readonly instances: number;
}

/** One line of a log. */
export interface TestLog {
  /** `group:name` of the slice. */
  readonly slice: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** What a member gets from its cluster. */
export interface MemberWorld {
  readonly clock: Clock;
  readonly logs: TestLog[];
  readonly topics: TestTopics;
  /** The handle of a contract that the slice needs. */
  client(contract: Contract, caller: string): Record<string, unknown>;
}

/** See the module. */
export class RunningMember {
  readonly definition: AnySlice;
  readonly handles: Record<string, unknown> = {};
  readonly log: Logger;
  readonly #world: MemberWorld;
  /** How many there are. */
  readonly instances: number;
  readonly #locks: FakeLocks;
  readonly #dispatchers: Dispatcher[] = [];
  readonly #stops: (() => void | Promise<void>)[] = [];
  #turn = 0;

  constructor({ definition, fakes, instances }: TestMember, world: MemberWorld) {
    this.definition = definition;
    this.#world = world;
    this.instances = instances;
    this.log = this.logger({});
    const { contract, needs } = definition;
    const given = Object.entries(needs).find(([, need]) =>
      need.kind === "resource" && need.type === "lock"
    );
    const own = given === undefined ? undefined : fakes[given[0]];
    this.#locks = own instanceof FakeLocks ? own : new FakeLocks();
    for (const [name, need] of Object.entries(needs)) {
      const fake = fakes[name];
      this.handles[name] = need.kind === "contract"
        ? fake === undefined ? world.client(need, contract.name) : fakeClient(need, fake)
        : this.#resource(name, need, fake);
    }
  }

  /** A logger of this slice. */
  logger(fields: LogFields): Logger {
    const slice = this.definition.contract.name;
    return createLogger((level, message, given) => {
      this.#world.logs.push({ slice, level, message, fields: given });
    }, fields);
  }

  /** Runs `create` of every instance. */
  async start(): Promise<void> {
    const { contract, create } = this.definition;
    const triggered = triggeredOf(this.definition);
    for (let number = 0; number < this.instances; number++) {
      const handlers = await create(this.handles as never, {
        artifact: `${contract.name}:0.0.0-test`,
        instance: `test/${number}`,
        log: this.log,
        onStop: (callback) => this.#stops.push(callback),
        readiness: () => {},
      });
      this.#dispatchers.push(new Dispatcher(contract, handlers, triggered));
    }
  }

  /**
   * The instance whose turn it is.
   *
   * @throws {AetherError} NO_INSTANCE before the slice has started and after it has stopped.
   */
  next(): Dispatcher {
    const dispatcher = this.#dispatchers[this.#turn++ % Math.max(1, this.#dispatchers.length)];
    if (dispatcher !== undefined) return dispatcher;
    throw new AetherError(
      "NO_INSTANCE",
      `No instance of ${this.definition.contract.name} is running`,
    );
  }

  /** Runs the `onStop` callbacks, the last registered first, and takes no calls any more. */
  async stop(): Promise<void> {
    this.#dispatchers.length = 0;
    for (const callback of this.#stops.splice(0).reverse()) await callback();
  }

  #resource(name: string, need: ResourceSpec<unknown>, given: unknown): unknown {
    const fake = given ?? this.#defaultFake(name, need);
    if (isPlaced(fake)) {
      fake.place({
        name,
        need,
        clock: this.#world.clock,
        log: this.log,
        holds: (lock, token) => this.#locks.holds(lock, token),
      });
    }
    return fake;
  }

  #defaultFake(name: string, need: ResourceSpec<unknown>): unknown {
    switch (need.type) {
      case "blob":
        return fakeBlob();
      case "cache":
        return fakeCache();
      case "kv":
        return fakeKv();
      case "lock":
        return this.#locks;
      case "config":
        return fakeConfig({});
      case "http":
        return fakeHttp();
      case "topic":
        return this.#world.topics.publisher(need as Topic);
    }
    throw new TypeError(`The test needs a fake for "${name}" of type "${need.type}"`);
  }
}

type FakeMethod = (input: unknown, options?: unknown) => Promise<unknown>;

/** Adds what clients have: a call whose answer nobody waits for. */
export function withSend(call: FakeMethod): FakeMethod {
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
