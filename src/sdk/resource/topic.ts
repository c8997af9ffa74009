/**
 * `topic()`: a named stream of messages that slices publish to and subscribe to.
 *
 * One value describes the topic for both sides: publishers put it into `needs`, subscribers give it
 * to `subscribe()`. It holds no code; what a topic promises is in docs/topics.md.
 *
 * @module
 */
import type { z } from "zod";
import {
  defaultTopicOptions,
  topicNamePattern,
  type TopicOptions,
  topicOptionsSchema,
} from "../../protocol/slice/topics.ts";
import type { ResourceSpec } from "./spec.ts";

/** Where a message was put. */
export interface PublishedMessage {
  readonly partition: number;
  /** Its place in the partition; later messages have higher ones. */
  readonly offset: number;
}

/** Options of one publish. */
export interface PublishOptions {
  /** Messages with the same key are handled in the order of their publishing; 1 to 256 bytes. */
  readonly key?: string;
}

/** What a publisher holds. */
export interface TopicHandle<Value> {
  /**
   * Publishes a message; resolves when the topic's durability is reached.
   *
   * @throws {AetherError} TOPIC_BUSY when the topic takes no more now: retry later. When it fails
   * otherwise the message may have been published.
   */
  publish(value: Value, options?: PublishOptions): Promise<PublishedMessage>;
}

/** A topic, made by {@link topic}. */
export interface Topic<Value = unknown> extends ResourceSpec<TopicHandle<Value>> {
  readonly type: "topic";
  /** Schema of the messages; what a message is after it counts, so transform nothing in it. */
  readonly schema: z.ZodType;
  readonly options: TopicOptions & { readonly topic: string };
}

/**
 * Describes a topic.
 *
 * @param name 1 to 63 of a-z, 0-9, `.` and `-`; one name is one topic in the whole cluster.
 * @throws {TypeError} for a name or options that are not valid.
 * @example
 * ```ts
 * import { topic, z } from "aether";
 * const clicks = topic("clicks", z.object({ url: z.string() }), { durability: "synced" });
 * console.assert(clicks.options.partitions === 4);
 * ```
 */
export function topic<S extends z.ZodType>(
  name: string,
  schema: S,
  options: Partial<TopicOptions> = {},
): Topic<z.output<S>> {
  if (!topicNamePattern.test(name)) {
    throw new TypeError(
      `topic() has the name "${name}": write 1 to 63 of a-z, 0-9, . and -, e.g. "clicks"`,
    );
  }
  const parsed = topicOptionsSchema.safeParse({ ...defaultTopicOptions, ...options });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new TypeError(
      `topic("${name}") has options that are not valid: ${
        issue?.path.join(".")
      }: ${issue?.message}`,
    );
  }
  return {
    kind: "resource",
    type: "topic",
    options: { topic: name, ...parsed.data },
    schema,
  };
}
