/**
 * What a manifest says of topics: which ones a slice uses, and what it subscribes to.
 *
 * @module
 */
import { z } from "zod";

/** What names of topics look like. */
export const topicNamePattern = /^[a-z][a-z0-9.-]{0,62}$/;

/** What an acknowledged message survives, from least to most. */
const durabilities = ["transient", "replicated", "synced"] as const;
/** One of the durabilities. */
export type Durability = typeof durabilities[number];
/** Properties of a topic; the same wherever it is declared. */
export const topicOptionsSchema = z.strictObject({
  /** What an acknowledged message survives; see docs/topics.md. */
  durability: z.enum(durabilities),
  /** Parts that are handled independently; keys choose one. */
  partitions: z.int().min(1).max(64),
  /** Handled messages older than this go, in milliseconds. */
  maxAgeMs: z.int().min(1_000).max(366 * 86_400_000),
  /** Bytes that a partition keeps: beyond, handled messages go, and no unhandled ones are added. */
  maxBytes: z.int().min(1024 * 1024).max(1024 ** 4),
});
/** See {@link topicOptionsSchema}. */
export type TopicOptions = z.output<typeof topicOptionsSchema>;

/** What a topic is unless it says otherwise. */
export const defaultTopicOptions: TopicOptions = {
  durability: "replicated",
  partitions: 4,
  maxAgeMs: 7 * 86_400_000,
  maxBytes: 256 * 1024 * 1024,
};

/** A topic that a slice publishes to or subscribes to. */
export const topicDescriptionSchema = z.object({
  name: z.string().regex(topicNamePattern),
  options: topicOptionsSchema,
  /** JSON Schema of its messages. */
  schema: z.record(z.string(), z.unknown()),
});
/** See {@link topicDescriptionSchema}. */
export type TopicDescription = z.output<typeof topicDescriptionSchema>;

/** How a subscription is served. */
export const subscriptionOptionsSchema = z.strictObject({
  /** Where a new subscription begins: at the oldest message that is kept, or at the next one. */
  from: z.enum(["oldest", "newest"]),
  /** Times a message is tried before it becomes a dead letter. */
  maxAttempts: z.int().min(1).max(100),
  /** Time to handle one message, in milliseconds. */
  timeoutMs: z.int().min(10).max(600_000),
  /** Messages of one partition under way at a time; of one key always one. */
  concurrency: z.int().min(1).max(1_000),
});
/** See {@link subscriptionOptionsSchema}. */
export type SubscriptionOptions = z.output<typeof subscriptionOptionsSchema>;

/** How a subscription is served unless it says otherwise. */
export const defaultSubscriptionOptions: SubscriptionOptions = {
  from: "oldest",
  maxAttempts: 5,
  timeoutMs: 30_000,
  concurrency: 16,
};

/** A subscription of a slice. */
export const subscriptionDescriptionSchema = z.object({
  /** The handler's name. */
  name: z.string(),
  topic: z.string().regex(topicNamePattern),
  options: subscriptionOptionsSchema,
});
