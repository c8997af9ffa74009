/**
 * Functions of a slice that the cluster calls by itself: those of its subscriptions
 * and schedules.
 *
 * To the gateway and the shell they are methods like those of the contract; callers cannot reach
 * them. Each adapts the function that the author wrote to the form of a method's handler.
 *
 * @module
 */
import { z } from "zod";
import type { Trigger } from "../../protocol/slice/manifest.ts";
import type { MethodSpec } from "../contract.ts";
import type { CallContext, ErasedHandler } from "../call_context.ts";
import { fireSchema, type Schedules, type ScheduleSpec } from "./schedule.ts";
import type { Subscriptions } from "./subscribe.ts";
import { deliverySchema, type Message, type Subscription } from "./subscribe.ts";

const defaultTimeoutMs = 30_000;

/** A function that the cluster calls. */
export interface Triggered {
  readonly trigger: Trigger;
  readonly spec: MethodSpec;
  /** The author's function as the handler of a method. */
  adapt(handler: (...given: unknown[]) => unknown): ErasedHandler;
}

/** All of a definition by name. */
export function triggeredOf(
  { subscriptions = {}, schedules = {} }: {
    readonly subscriptions?: Subscriptions;
    readonly schedules?: Schedules;
  },
): Record<string, Triggered> {
  return Object.fromEntries([
    ...Object.entries(subscriptions).map(([name, each]) => [name, subscribed(each)]),
    ...Object.entries(schedules).map(([name, each]) => [name, scheduled(each)]),
  ]);
}

function scheduled({ timeoutMs = defaultTimeoutMs }: ScheduleSpec): Triggered {
  return {
    trigger: "schedule",
    spec: { input: fireSchema, output: z.null(), timeoutMs },
    adapt: (handler) => (input: unknown, call: CallContext) => {
      const handled = handler(input, call);
      return handled instanceof Promise ? handled.then(() => null) : null;
    },
  };
}

function subscribed({ topic, options }: Subscription): Triggered {
  return {
    trigger: "topic",
    spec: {
      input: deliverySchema(topic.schema),
      output: z.null(),
      timeoutMs: options.timeoutMs,
    },
    adapt: (handler) => (input: unknown, call: CallContext) => {
      const { value, ...message } = input as Message & { readonly value: unknown };
      const handled = handler(value, call, { ...message, key: message.key });
      return handled instanceof Promise ? handled.then(() => null) : null;
    },
  };
}
