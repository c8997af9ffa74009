/**
 * Slices: the code behind a contract, and what it needs from the runtime.
 *
 * `slice()` only describes; the trusted shell of the sandbox (or `testSlice`) creates the handles,
 * calls `create` and dispatches to the returned handlers. Slices import this through `aether`.
 *
 * @module
 */
import type { z } from "zod";
import type { InterceptorsInput } from "../protocol/slice/interceptors.ts";
import type { Contract, ErrorSpecs, Methods } from "./contract.ts";
import type { CallContext } from "./call_context.ts";
import type { Logger } from "./logger.ts";
import type { ResourceSpec } from "./resource/spec.ts";
import type { ScheduleHandlers, Schedules } from "./triggers/schedule.ts";
import type { SubscriptionHandlers, Subscriptions } from "./triggers/subscribe.ts";

// The erased form of a contract, for constraints.
type AnyContract = Contract<Methods, ErrorSpecs>;

/** What a slice declares to need: contracts of other slices, and resources such as `kv()`. */
export type Needs = Record<string, AnyContract | ResourceSpec<unknown>>;

/** Options of one call to another slice. */
export interface CallOptions {
  /** Time limit in milliseconds; never longer than what is left of the current call. */
  readonly timeoutMs?: number;
  /**
   * Calls with the same key go to the same instance as long as it takes calls, for example the id
   * of a user; 1 to 256 bytes.
   */
  readonly affinityKey?: string;
}

/** One method of a {@link Client}. */
export interface ClientMethod<Input, Output> {
  /**
   * Calls the method and waits for its answer.
   *
   * @throws {SliceError} what the called slice answered on purpose, with code, message and data.
   * @throws {AetherError} what kept it from answering.
   */
  (input: Input, options?: CallOptions): Promise<Output>;
  /**
   * Calls the method and does not wait for the answer: resolves once the call is on its way.
   *
   * It outlives the current call. How it ends is said in the node's log when it fails.
   *
   * @throws {AetherError} when nothing can take the call.
   */
  send(input: Input, options?: CallOptions): Promise<void>;
}

/** Names of the methods that can be called by other slices: all but sockets. */
type Callable<M extends Methods> = {
  [K in keyof M]: z.output<M[K]["output"]> extends ((socket: never) => void | Promise<void>) ? never
    : K;
}[keyof M];

type ClientMethods<M extends Methods> = {
  readonly [K in keyof M]: ClientMethod<z.input<M[K]["input"]>, z.output<M[K]["output"]>>;
};

/**
 * Typed client of a contract: one function per method, sockets aside.
 *
 * Events and bytes arrive as an async iterable, at the pace of whoever reads it. Leaving the loop
 * ends the called slice's work, and so does the end of the call in which it was asked for.
 */
export type Client<C> = C extends Contract<infer M, infer _E> ? ClientMethods<Pick<M, Callable<M>>>
  : never;

/** Typed functions of all methods of a contract, sockets too; for tests. */
export type TestClient<C> = C extends Contract<infer M, infer _E> ? ClientMethods<M> : never;

/** Stands in for a client in a test: one function per method; a `send` calls it as well. */
export type FakeClient<C> = C extends Contract<infer M, infer _E> ? Functions<Pick<M, Callable<M>>>
  : never;

type Functions<M extends Methods> = {
  readonly [K in keyof M]: (
    input: z.input<M[K]["input"]>,
    options?: CallOptions,
  ) => Promise<z.output<M[K]["output"]>>;
};

/** What `testSlice()` takes for the names in `needs`. */
export type Fakes<N extends Needs> = {
  readonly [K in keyof N]: N[K] extends ResourceSpec<infer H> ? H : FakeClient<N[K]>;
};

/** The handles that `create` receives, by the names in `needs`. */
export type Handles<N extends Needs> = {
  readonly [K in keyof N]: N[K] extends ResourceSpec<infer H> ? H : Client<N[K]>;
};

/** The functions behind a contract's methods. */
export type Handlers<C> = C extends Contract<infer M, infer _E> ? {
    readonly [K in keyof M]: (
      input: z.output<M[K]["input"]>,
      call: CallContext,
    ) => z.input<M[K]["output"]> | Promise<z.input<M[K]["output"]>>;
  }
  : never;

/** What an instance knows about itself. */
export interface InstanceContext {
  /** Coordinates of the running version. */
  readonly artifact: string;
  /** Number of this instance of the artifact on its node. */
  readonly instance: string;
  readonly log: Logger;
  /** Runs a callback when the instance stops, last registered first; 5 s in total. */
  onStop(callback: () => void | Promise<void>): void;
  /**
   * Says whether the instance can serve; asked before it starts to, and every second after that.
   *
   * While it answers false, throws, or takes longer than a second, calls go to other instances as
   * long as there are any. Register it in `create`; of several, all must agree.
   */
  readiness(check: () => boolean | Promise<boolean>): void;
}

/** Interceptors of a slice's own methods; "*" is for all that say nothing else of that kind. */
export type SliceInterceptors<C> = C extends Contract<infer M, infer _E>
  ? { readonly [K in keyof M | "*"]?: InterceptorsInput }
  : never;

/** A slice's definition, made by {@link slice}. */
export interface SliceDefinition<
  C extends AnyContract = AnyContract,
  N extends Needs = Needs,
  S extends Subscriptions = Subscriptions,
  T extends Schedules = Schedules,
> {
  readonly kind: "slice";
  readonly contract: C;
  readonly needs: N;
  /** Topics whose messages the slice handles; absent in definitions of older builds. */
  readonly subscriptions?: S;
  /** When functions of the slice are called by the cluster. */
  readonly schedules?: T;
  readonly interceptors?: SliceInterceptors<C>;
  readonly create: (
    handles: Handles<N>,
    instance: InstanceContext,
  ) => AllHandlers<C, S, T> | Promise<AllHandlers<C, S, T>>;
}

type AllHandlers<C extends AnyContract, S extends Subscriptions, T extends Schedules> =
  & Handlers<C>
  & SubscriptionHandlers<S>
  & ScheduleHandlers<T>;

/**
 * Declares a slice; the module's default export.
 *
 * @example
 * ```ts
 * import { contract, method, slice, z } from "aether";
 * const hello = contract("org.example:hello", {
 *   greet: method({
 *     input: z.object({ name: z.string() }),
 *     output: z.object({ greeting: z.string() }),
 *     http: "GET /hello/:name",
 *   }),
 * });
 * export default slice(hello, {
 *   create: () => ({ greet: ({ name }) => ({ greeting: `Hello, ${name}` }) }),
 * });
 * ```
 */
export function slice<
  C extends AnyContract,
  N extends Needs = Record<never, never>,
  S extends Subscriptions = Record<never, never>,
  T extends Schedules = Record<never, never>,
>(
  contract: C,
  spec: {
    readonly needs?: N;
    /** Topics whose messages the slice handles, by the name of the function that does. */
    readonly subscriptions?: S;
    /** When the cluster calls functions of the slice: `{ cleanup: every("5m") }`. */
    readonly schedules?: T;
    /** Retry, circuit breaker, rate limit and more around the slice's own methods. */
    readonly interceptors?: SliceInterceptors<C>;
    readonly create: SliceDefinition<C, N, NoInfer<S>, NoInfer<T>>["create"];
  },
): SliceDefinition<C, N, S, T> {
  return Object.freeze({
    kind: "slice",
    contract,
    needs: Object.freeze({ ...spec.needs }) as N,
    ...(spec.subscriptions === undefined
      ? {}
      : { subscriptions: Object.freeze({ ...spec.subscriptions }) }),
    ...(spec.schedules === undefined ? {} : { schedules: Object.freeze({ ...spec.schedules }) }),
    ...(spec.interceptors === undefined ? {} : { interceptors: spec.interceptors }),
    create: spec.create,
  });
}
