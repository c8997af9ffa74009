/**
 * `subscribe()`: lets a function of the slice handle the messages of a topic.
 *
 * A subscription is a group of its own: each message is handled by one instance of the slice, and
 * by every subscription of the topic. `create` returns a function under the subscription's name.
 *
 * @module
 */
import { z } from "zod";
import {
  defaultSubscriptionOptions,
  type SubscriptionOptions,
  subscriptionOptionsSchema,
} from "../../protocol/slice/topics.ts";
import type { Topic } from "../resource/topic.ts";
import type { CallContext } from "../call_context.ts";

/** What a handler knows about the message. */
export interface Message {
  readonly topic: string;
  readonly partition: number;
  /** With topic and partition the message's identity: the same each time it is delivered. */
  readonly offset: number;
  /** Undefined when it was published without one. */
  readonly key: string | undefined;
  /** Wall time of its publishing. */
  readonly publishedAtMs: number;
  /** Which attempt this is, from 1; beyond 1 an earlier one failed or its end is not known. */
  readonly attempt: number;
}

/** A subscription, made by {@link subscribe}. */
export interface Subscription<Value = unknown> {
  readonly kind: "subscription";
  readonly topic: Topic<Value>;
  readonly options: SubscriptionOptions;
}

/** Subscriptions of a slice by the names of their handlers. */
// A handler takes what its own topic carries, so the element type says nothing of it.
// deno-lint-ignore no-explicit-any
export type Subscriptions = Record<string, Subscription<any>>;

/** The functions behind subscriptions; a message is handled when its function has returned. */
export type SubscriptionHandlers<S extends Subscriptions> = string extends keyof S ? unknown : {
  readonly [K in keyof S]: S[K] extends Subscription<infer Value>
    ? (value: Value, call: CallContext, message: Message) => void | Promise<void>
    : never;
};

/**
 * Subscribes to a topic.
 *
 * @throws {TypeError} for options that are not valid.
 * @example
 * ```ts
 * import { contract, slice, subscribe, topic, z } from "aether";
 * const clicks = topic("clicks", z.object({ url: z.string() }));
 * export default slice(contract("org.example:counter", {}), {
 *   subscriptions: { onClick: subscribe(clicks, { maxAttempts: 3 }) },
 *   create: () => ({
 *     onClick: ({ url }, call, { offset }) => call.log.info("Clicked", { url, offset }),
 *   }),
 * });
 * ```
 */
export function subscribe<Value>(
  topic: Topic<Value>,
  options: Partial<SubscriptionOptions> = {},
): Subscription<Value> {
  const parsed = subscriptionOptionsSchema.safeParse({ ...defaultSubscriptionOptions, ...options });
  if (parsed.success) return { kind: "subscription", topic, options: parsed.data };
  const [issue] = parsed.error.issues;
  throw new TypeError(
    `subscribe() to "${topic.options.topic}" has options that are not valid: ` +
      `${issue?.path.join(".")}: ${issue?.message}`,
  );
}

/** A message as it travels to a handler, its value read by the topic's schema. */
export function deliverySchema(value: z.ZodType) {
  return z.object({
    topic: z.string(),
    partition: z.int(),
    offset: z.int(),
    key: z.string().optional(),
    publishedAtMs: z.number(),
    attempt: z.int(),
    value,
  });
}
