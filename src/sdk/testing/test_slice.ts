/**
 * `testSlice()`: one slice in the test's own process, with fakes for what it needs.
 *
 * A test cluster of one; see `test_cluster.ts` for what is as in a real one.
 *
 * @module
 */
import type { Contract } from "../contract.ts";
import type { LogFields, LogLevel } from "../logger.ts";
import type { Fakes, Handles, Needs, SliceDefinition, TestClient } from "../slice.ts";
import type { Schedules } from "../triggers/schedule.ts";
import type { Subscriptions } from "../triggers/subscribe.ts";
import {
  type Deliveries,
  type Fires,
  type TestCaller,
  testCluster,
  withFakes,
} from "./test_cluster.ts";
import type { RecordedFailure } from "./triggers/schedules.ts";
import type { RecordedMessage } from "./triggers/topics.ts";

/** A slice under test. */
export interface TestedSlice<
  C,
  N extends Needs = Needs,
  S extends Subscriptions = Subscriptions,
  T extends Schedules = Schedules,
> {
  /** Typed client that validates input and output as the cluster does. */
  readonly client: TestClient<C>;
  /** A client whose calls come from somebody, or carry headers. */
  clientOf(caller: TestCaller): TestClient<C>;
  /** What `create` received: the fakes that were given, and those that were not. */
  readonly handles: Handles<N>;
  /** Hands a message to a subscription, as the cluster does; rejects when it is not handled. */
  readonly deliver: Deliveries<S>;
  /** Fires a schedule, as the cluster does; rejects when its function fails. */
  readonly fire: Fires<T>;
  /** Messages that the slice published to topics without a fake, oldest first. */
  readonly published: readonly RecordedMessage[];
  /** Fires of schedules that time brought and that ended with an error. */
  readonly failedFires: readonly RecordedFailure[];
  /** Lines that the slice logged. */
  readonly logs: readonly { level: LogLevel; message: string; fields: LogFields }[];
  /** Lets time pass; see {@link TestCluster.advance}. */
  advance(duration: string | number): Promise<void>;
  /** Runs the `onStop` callbacks, once. */
  stop(): Promise<void>;
}

/**
 * Creates an instance of a slice for a test.
 *
 * Contracts in `needs` must be given as objects with the methods the slice calls; resources get
 * fakes in memory unless they are given: `fakeKv()`, `fakeLock()`, `fakeConfig()`, `fakeHttp()`.
 * What is published to a `topic()` is written down.
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
  T extends Schedules = Record<never, never>,
>(
  definition: SliceDefinition<C, N, S, T>,
  fakes: Partial<Fakes<N>> = {},
): Promise<TestedSlice<C, N, S, T>> {
  const cluster = await testCluster([withFakes(definition, fakes)], { deliverMessages: false });
  const { contract } = definition;
  return {
    client: cluster.client(contract),
    clientOf: (caller) => cluster.client(contract, caller),
    handles: cluster.handles(definition),
    deliver: cluster.deliver(definition),
    fire: cluster.fire(definition),
    published: cluster.published,
    failedFires: cluster.failedFires,
    logs: cluster.logs,
    advance: (duration) => cluster.advance(duration),
    stop: () => cluster.stop(),
  };
}
