/**
 * `testCluster()`: several slices in the test's own process, on a clock that the test advances.
 *
 * Calls pass as JSON, are validated on both sides, and fail with the errors and deadlines that they
 * have in a cluster. There is no sandbox and no network: for the whole path use `aether dev` or an
 * end-to-end test.
 *
 * @module
 */
import { assert } from "../../base/assert.ts";
import { ManualClock } from "../../base/clock.ts";
import { parseDuration } from "../../base/duration.ts";
import { AetherError } from "../../base/errors.ts";
import { limits } from "../../protocol/limits.ts";
import type { Contract, MethodSpec } from "../contract.ts";
import { defaultTimeoutMs } from "../describe.ts";
import type { Outcome } from "../dispatch.ts";
import type { CallOptions, Fakes, Handles, Needs, SliceDefinition, TestClient } from "../slice.ts";
import { SliceError } from "../slice_error.ts";
import { streamOf } from "../streams.ts";
import { type AnySlice, RunningMember, type TestLog, type TestMember, withSend } from "./member.ts";
import type { Fire, Schedules } from "../triggers/schedule.ts";
import type { Message, Subscription, Subscriptions } from "../triggers/subscribe.ts";
import { triggeredOf } from "../triggers/triggered.ts";
import { currentTestCall } from "./scope.ts";
import { TestCall } from "./test_call.ts";
import { type RecordedFailure, TestSchedules } from "./triggers/schedules.ts";
import { type RecordedDeadLetter, type RecordedMessage, TestTopics } from "./triggers/topics.ts";

/** Turns that promises get to settle between two moments of a test's time. */
const settlingTurns = 100;
const momentsMax = 1_000_000;

/** Options of {@link withFakes}. */
export interface TestMemberOptions {
  /** Instances, which take turns. @default {1} */
  readonly instances?: number;
}

/**
 * A slice for {@link testCluster} with fakes for some of its needs.
 *
 * Needs without a fake are met by the cluster: contracts by its slices, resources by fresh fakes.
 */
export function withFakes<C extends Contract, N extends Needs, S extends Subscriptions>(
  definition: SliceDefinition<C, N, S>,
  fakes: Partial<Fakes<N>>,
  { instances = 1 }: TestMemberOptions = {},
): TestMember {
  return { kind: "member", definition: definition as AnySlice, fakes, instances };
}

/** Who calls, for tests of what a handler does with it. */
export interface TestCaller {
  /** Request headers; a handler sees those that its contract names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `group:name` of a calling slice. @default {undefined, as for an HTTP request} */
  readonly caller?: string;
}

/** Functions that hand messages to the subscriptions of a slice under test. */
export type Deliveries<S extends Subscriptions> = {
  readonly [K in keyof S]: S[K] extends Subscription<infer Value>
    ? (value: Value, message?: Partial<Message>) => Promise<void>
    : never;
};

/** Functions that fire the schedules of a slice under test; what is left out is made up. */
export type Fires<T extends Schedules> = {
  readonly [K in keyof T]: (fire?: Partial<Fire>) => Promise<void>;
};

/** Slices under test. */
export interface TestCluster {
  /** A typed client that validates input and output as the cluster does. */
  client<C extends Contract>(contract: C, caller?: TestCaller): TestClient<C>;
  /** What `create` of a slice received, to look at its kv or to hold its locks. */
  handles<C extends Contract, N extends Needs, S extends Subscriptions>(
    definition: SliceDefinition<C, N, S>,
  ): Handles<N>;
  /**
   * Functions that hand messages to the subscriptions of a slice, once, whatever comes of it; what
   * slices publish reaches subscriptions by itself.
   */
  deliver<C extends Contract, N extends Needs, S extends Subscriptions>(
    definition: SliceDefinition<C, N, S>,
  ): Deliveries<S>;
  /** Functions that fire the schedules of a slice, once; time that passes fires them too. */
  fire<C extends Contract, N extends Needs, S extends Subscriptions, T extends Schedules>(
    definition: SliceDefinition<C, N, S, T>,
  ): Fires<T>;
  /** Messages that slices published to topics without a fake, oldest first. */
  readonly published: readonly RecordedMessage[];
  /** Messages that were tried as often as their subscription allows. */
  readonly deadLetters: readonly RecordedDeadLetter[];
  /** Fires of schedules that time brought and that ended with an error. */
  readonly failedFires: readonly RecordedFailure[];
  /** What all slices logged. */
  readonly logs: readonly TestLog[];
  /** The time of the test in milliseconds since 1970. */
  nowMs(): number;
  /**
   * Lets time pass, such as "90s" or a number of milliseconds: deadlines and waits end, and
   * schedules fire, each at its moment. What a slice awaits outside the test's clock is not waited
   * for.
   */
  advance(duration: string | number): Promise<void>;
  /** Stops the slices, the last started first; runs their `onStop` callbacks. */
  stop(): Promise<void>;
}

/** Options of {@link testCluster}. */
export interface TestClusterOptions {
  /** Whether what slices publish is handed to subscriptions. @default {true} */
  readonly deliverMessages?: boolean;
}

/**
 * Starts slices together, each after those that it calls.
 *
 * @throws {TypeError} when a contract in `needs` has neither a slice nor a fake; the message names
 * it.
 * @example
 * ```ts
 * import { contract, method, slice, testCluster, z } from "aether";
 * const n = z.object({ n: z.number() });
 * const one = contract("org.example:one", { inc: method({ input: n, output: n }) });
 * const two = contract("org.example:two", { inc: method({ input: n, output: n }) });
 * const cluster = await testCluster([
 *   slice(one, { create: () => ({ inc: ({ n }) => ({ n: n + 1 }) }) }),
 *   slice(two, {
 *     needs: { one },
 *     create: ({ one }) => ({ inc: async (input) => await one.inc(await one.inc(input)) }),
 *   }),
 * ]);
 * console.assert((await cluster.client(two).inc({ n: 1 })).n === 3);
 * await cluster.stop();
 * ```
 */
export async function testCluster(
  slices: readonly (AnySlice | TestMember)[],
  { deliverMessages = true }: TestClusterOptions = {},
): Promise<TestCluster> {
  const members = slices.map((each): TestMember =>
    each.kind === "member" ? each : { kind: "member", definition: each, fakes: {}, instances: 1 }
  );
  const cluster = new LocalCluster(members, deliverMessages);
  await cluster.start();
  return cluster;
}

interface Request {
  readonly contract: Contract;
  readonly method: string;
  readonly spec: MethodSpec;
  readonly input: unknown;
  readonly options: CallOptions | undefined;
  readonly from: TestCaller;
}

class LocalCluster implements TestCluster {
  readonly logs: TestLog[] = [];
  readonly #clock = new ManualClock();
  readonly #members = new Map<string, RunningMember>();
  readonly #topics = new TestTopics(this.#clock);
  readonly #schedules = new TestSchedules(this.#clock);
  #requests = 0;

  constructor(members: readonly TestMember[], deliversMessages: boolean) {
    const given = new Map(members.map((member) => [member.definition.contract.name, member]));
    for (const member of startOrder(given)) {
      const running = new RunningMember(member, {
        clock: this.#clock,
        logs: this.logs,
        topics: this.#topics,
        client: (contract, caller) => this.#clientOf(contract, { caller }),
      });
      this.#members.set(member.definition.contract.name, running);
      if (deliversMessages) this.#subscribe(running);
    }
  }

  get published(): readonly RecordedMessage[] {
    return this.#topics.published;
  }

  get deadLetters(): readonly RecordedDeadLetter[] {
    return this.#topics.deadLetters;
  }

  get failedFires(): readonly RecordedFailure[] {
    return this.#schedules.failed;
  }

  async start(): Promise<void> {
    for (const member of this.#members.values()) await member.start();
    for (const member of this.#members.values()) {
      const { definition, instances } = member;
      const call = (name: string, fire: Fire) => this.#trigger(member, name, fire);
      this.#schedules.start({ definition, instances, call });
    }
  }

  client<C extends Contract>(contract: C, caller: TestCaller = {}): TestClient<C> {
    this.#member(contract);
    return this.#clientOf(contract, caller) as TestClient<C>;
  }

  handles<C extends Contract, N extends Needs, S extends Subscriptions>(
    definition: SliceDefinition<C, N, S>,
  ): Handles<N> {
    return this.#member(definition.contract).handles as Handles<N>;
  }

  deliver<C extends Contract, N extends Needs, S extends Subscriptions>(
    definition: SliceDefinition<C, N, S>,
  ): Deliveries<S> {
    const member = this.#member(definition.contract);
    const functions: Record<string, unknown> = {};
    for (const [name, { topic }] of Object.entries(definition.subscriptions ?? {})) {
      functions[name] = async (value: unknown, message?: Partial<Message>) => {
        const delivery = this.#topics.delivery(topic.options.topic, value, message);
        await this.#trigger(member, name, delivery);
      };
    }
    return functions as Deliveries<S>;
  }

  fire<C extends Contract, N extends Needs, S extends Subscriptions, T extends Schedules>(
    definition: SliceDefinition<C, N, S, T>,
  ): Fires<T> {
    const member = this.#member(definition.contract);
    const one = (name: string) => async (given?: Partial<Fire>) => {
      await this.#trigger(member, name, this.#schedules.fireOf(name, given));
    };
    const names = Object.keys(definition.schedules ?? {});
    return Object.fromEntries(names.map((name) => [name, one(name)])) as Fires<T>;
  }

  nowMs(): number {
    return this.#clock.wallMs();
  }

  async advance(duration: string | number): Promise<void> {
    const durationMs = typeof duration === "number" ? duration : parseDuration(duration);
    const untilMs = this.#clock.monotonicMs() + durationMs;
    for (let moment = 0; moment < momentsMax; moment++) {
      await settle();
      const next = this.#clock.nextTimerMs;
      if (next === undefined || next > untilMs) break;
      this.#clock.advance(next - this.#clock.monotonicMs());
    }
    this.#clock.advance(untilMs - this.#clock.monotonicMs());
    await settle();
  }

  async stop(): Promise<void> {
    this.#schedules.stop();
    for (const member of [...this.#members.values()].reverse()) await member.stop();
  }

  #member({ name }: Contract): RunningMember {
    const member = this.#members.get(name);
    if (member !== undefined) return member;
    throw new TypeError(`The test cluster has no slice ${name}: add it to the list`);
  }

  #subscribe(member: RunningMember): void {
    const { contract, subscriptions = {} } = member.definition;
    for (const [name, { topic, options }] of Object.entries(subscriptions)) {
      this.#topics.subscribe(topic.options.topic, {
        slice: contract.name,
        subscription: name,
        options,
        run: (delivery) => this.#trigger(member, name, delivery),
      });
    }
  }

  /** Calls a function of a slice as the cluster itself does: inside no other call. */
  #trigger(member: RunningMember, method: string, input: unknown): Promise<unknown> {
    const { contract } = member.definition;
    const spec = triggeredOf(member.definition)[method]?.spec;
    assert(spec !== undefined, `${contract.name} has no subscription or schedule "${method}"`);
    return currentTestCall.run(
      undefined,
      () => this.#call({ contract, method, spec, input, options: undefined, from: {} }),
    );
  }

  #clientOf(contract: Contract, from: TestCaller): Record<string, unknown> {
    const client: Record<string, unknown> = {};
    for (const [method, spec] of Object.entries(contract.methods)) {
      client[method] = withSend((input, options) =>
        this.#call({ contract, method, spec, input, options: options as CallOptions, from })
      );
    }
    return client;
  }

  async #call({ contract, method, spec, input, options, from }: Request): Promise<unknown> {
    const member = this.#members.get(contract.name);
    if (member === undefined) {
      throw new AetherError("NO_INSTANCE", `No instance of ${contract.name} is running`);
    }
    const outer = currentTestCall.getStore();
    const depth = (outer?.depth ?? 0) + 1;
    if (depth > limits.callDepth) throw tooDeep(contract.name, method);
    const requestId = outer?.requestId ?? `test-${++this.#requests}`;
    const wanted = options?.timeoutMs ?? spec.timeoutMs ?? defaultTimeoutMs;
    const call = new TestCall({
      requestId,
      limitMs: outer === undefined ? wanted : Math.min(wanted, nestedMs(outer.remainingMs)),
      caller: from.caller,
      log: member.logger({ requestId }),
      clock: this.#clock,
      depth,
      headers: named(from.headers, spec.headers),
    });
    const json = JSON.parse(JSON.stringify(input) ?? "null");
    const outcome = await this.#inTime(
      call,
      `${contract.name} ${method}`,
      () => currentTestCall.run(call, () => member.next().run(method, json, call)),
    );
    if (!outcome.ok) {
      throw SliceError.fromProblem(outcome.problem) ?? AetherError.fromProblem(outcome.problem);
    }
    if (streamOf(spec.output) !== undefined) return outcome.output;
    return JSON.parse(JSON.stringify(outcome.output) ?? "null");
  }

  #inTime(
    call: TestCall,
    name: string,
    run: () => Outcome | Promise<Outcome>,
  ): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      call.onDeadline(() =>
        reject(new AetherError("DEADLINE_EXCEEDED", `${name} did not answer before its deadline`))
      );
      Promise.try(run).then(resolve, reject).finally(() => call.finish());
    });
  }
}

/** Members after those that they call; those in a cycle in the order given. */
function startOrder(members: ReadonlyMap<string, TestMember>): TestMember[] {
  const order: TestMember[] = [];
  const seen = new Set<TestMember>();
  const visit = (member: TestMember) => {
    if (seen.has(member)) return;
    seen.add(member);
    for (const [name, need] of Object.entries(member.definition.needs)) {
      if (need.kind !== "contract" || member.fakes[name] !== undefined) continue;
      const callee = members.get(need.name);
      if (callee === undefined) {
        const { contract } = member.definition;
        throw new TypeError(
          `${contract.name} needs a fake for "${name}", or the slice ${need.name}`,
        );
      }
      visit(callee);
    }
    order.push(member);
  };
  for (const member of members.values()) visit(member);
  return order;
}

function tooDeep(contract: string, method: string): AetherError {
  return new AetherError(
    "CALL_TOO_DEEP",
    `The call of ${contract} ${method} is inside ${limits.callDepth} others`,
  );
}

/** As in the shell: what is inside ends first, and the outer call can tell. */
function nestedMs(outerMs: number): number {
  return outerMs - Math.min(200, outerMs / 10);
}

function named(
  headers: Readonly<Record<string, string>> | undefined,
  names: readonly string[] = [],
): Record<string, string> {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  return Object.fromEntries(
    Object.entries(headers ?? {}).filter(([name]) => wanted.has(name.toLowerCase())),
  );
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < settlingTurns; turn++) await Promise.resolve();
}
