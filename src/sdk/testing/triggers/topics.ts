/**
 * Topics of a test cluster: messages are kept, delivered, and retried on the test's clock.
 *
 * One partition each. Messages of one key are handled one after another, and what fails too often
 * becomes a dead letter, as in a cluster; durability and limits of size are not played.
 *
 * @module
 */
import { type Clock, pause } from "../../../base/clock.ts";
import { toAetherError } from "../../../base/errors.ts";
import type { SubscriptionOptions } from "../../../protocol/slice/topics.ts";
import type { PublishedMessage, PublishOptions, Topic, TopicHandle } from "../../resource/topic.ts";
import type { Message } from "../../triggers/subscribe.ts";

const firstDelayMs = 1_000;
const longestDelayMs = 30_000;

/** A message that a slice under test has published. */
export interface RecordedMessage {
  readonly topic: string;
  readonly key: string | undefined;
  readonly value: unknown;
}

/** A message that no attempt could handle. */
export interface RecordedDeadLetter extends RecordedMessage {
  /** `group:name` of the subscribing slice. */
  readonly slice: string;
  /** Name of the subscription. */
  readonly subscription: string;
  readonly attempts: number;
  /** What the last attempt failed with. */
  readonly reason: string;
}

/** A message as the dispatcher takes it. */
export type Delivery = Omit<Message, "key"> & { readonly key?: string; readonly value: unknown };

/** Who gets the messages of a topic. */
export interface TestSubscriber {
  readonly slice: string;
  readonly subscription: string;
  readonly options: SubscriptionOptions;
  run(delivery: Delivery): Promise<unknown>;
}

/** See the module. */
export class TestTopics {
  readonly published: RecordedMessage[] = [];
  readonly deadLetters: RecordedDeadLetter[] = [];
  readonly #clock: Clock;
  readonly #subscribers = new Map<string, TestSubscriber[]>();
  readonly #offsets = new Map<string, number>();
  /** The last delivery of each key of each subscription. */
  readonly #tails = new Map<string, Promise<void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Delivers to this subscriber what is published from now on. */
  subscribe(topic: string, subscriber: TestSubscriber): void {
    this.#subscribers.set(topic, [...this.#subscribers.get(topic) ?? [], subscriber]);
  }

  /** A publisher of a topic. */
  publisher(spec: Topic): TopicHandle<unknown> {
    return {
      publish: (value, options) =>
        Promise.try(() => this.#publish(spec.options.topic, spec.schema.parse(value), options)),
    };
  }

  /** A message as one delivery, for a subscription that a test calls by itself. */
  delivery(topic: string, value: unknown, message: Partial<Message> = {}): Delivery {
    const { key, ...others } = message;
    return {
      topic,
      partition: 0,
      offset: others.offset ?? this.#nextOffset(topic),
      publishedAtMs: this.#clock.wallMs(),
      attempt: 1,
      ...others,
      ...(key === undefined ? {} : { key }),
      value: JSON.parse(JSON.stringify(value)),
    };
  }

  #publish(topic: string, given: unknown, { key }: PublishOptions = {}): PublishedMessage {
    const value: unknown = JSON.parse(JSON.stringify(given));
    this.published.push({ topic, key, value });
    const delivery = this.delivery(topic, value, { key });
    for (const subscriber of this.#subscribers.get(topic) ?? []) {
      this.#queue(subscriber, delivery);
    }
    return { partition: 0, offset: delivery.offset };
  }

  #nextOffset(topic: string): number {
    const offset = this.#offsets.get(topic) ?? 0;
    this.#offsets.set(topic, offset + 1);
    return offset;
  }

  /** After the messages of the same key; those without one do not wait for each other. */
  #queue(subscriber: TestSubscriber, delivery: Delivery): void {
    const own = delivery.key === undefined ? `#${delivery.offset}` : `=${delivery.key}`;
    const id = JSON.stringify([subscriber.slice, subscriber.subscription, delivery.topic, own]);
    const tail = (this.#tails.get(id) ?? Promise.resolve())
      .then(() => this.#handle(subscriber, delivery));
    this.#tails.set(id, tail);
    tail.then(() => {
      if (this.#tails.get(id) === tail) this.#tails.delete(id);
    });
  }

  async #handle(subscriber: TestSubscriber, delivery: Delivery): Promise<void> {
    const { slice, subscription, options } = subscriber;
    for (let attempt = 1;; attempt++) {
      try {
        await subscriber.run({ ...delivery, attempt });
        return;
      } catch (error) {
        if (attempt >= options.maxAttempts) {
          const { topic, key, value } = delivery;
          const reason = toAetherError(error).message;
          this.deadLetters.push({
            ...{ slice, subscription, topic, key, value },
            ...{ attempts: attempt, reason },
          });
          return;
        }
      }
      await pause(this.#clock, Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 1)));
    }
  }
}
