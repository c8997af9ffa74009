/**
 * What the store holds of topics: their properties, who owns which partition, how far subscriptions
 * are, and dead letters. The messages themselves are in files of the partitions' owners.
 *
 * @module
 */
import { z } from "zod";
import { topicOptionsSchema } from "../slice/topics.ts";

/** A topic of the cluster. */
export const topicValueSchema = z.object({
  options: topicOptionsSchema,
  /** Wall time, for people. */
  createdAtMs: z.number(),
});
/** Who owns a partition, decided by the cluster's leader. */
export const partitionValueSchema = z.object({
  /** Grows with every change; what an owner of a smaller one says does not count any more. */
  epoch: z.int().min(1),
  /** The replica that takes messages and delivers them; null while none can. */
  leader: z.string().nullable(),
  /** Which life of the leader's storage: it leads only as long as it remembers. */
  life: z.string(),
  /** Nodes that keep the messages; each as often as it is named once. */
  replicas: z.array(z.string()).min(1).max(5),
  /** Owners before a change of them, as long as that is not settled. */
  former: z.array(z.string()).max(5),
});
/** See {@link partitionValueSchema}. */
export type PartitionValue = z.output<typeof partitionValueSchema>;

/** What an owner says of a partition it leads. */
export const partitionStateSchema = z.object({
  /** The epoch in which all that was acknowledged before is on a majority of its replicas. */
  settledEpoch: z.int(),
});

/** A node that can own partitions. */
export const topicHostSchema = z.object({
  /** Another one with each start of its storage thread: what only memory held is gone. */
  life: z.string(),
});

/** How far a subscription is in a partition. */
export const offsetValueSchema = z.object({
  /** All messages before it are handled or dead letters. */
  next: z.int().min(0),
});

/** Where a dead letter comes from. */
const deadLetterSourceSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("topic"),
    topic: z.string(),
    partition: z.int(),
    offset: z.int(),
    key: z.string().optional(),
    publishedAtMs: z.number(),
  }),
  z.object({
    kind: z.literal("schedule"),
    /** Its name; together with the contract it is unique. */
    schedule: z.string(),
    /** Wall time at which it was due. */
    dueAtMs: z.number(),
  }),
]);
/** See {@link deadLetterSourceSchema}. */
export type DeadLetterSource = z.output<typeof deadLetterSourceSchema>;

/** A call that was tried as often as it may be, and failed. */
export const deadLetterSchema = z.object({
  source: deadLetterSourceSchema,
  /** `group:name` of the slice that did not handle it. */
  contract: z.string(),
  /** Its subscription or schedule. */
  method: z.string(),
  /** Why the last attempt failed. */
  cause: z.object({ code: z.string(), message: z.string() }),
  attempts: z.int().min(1),
  /** Wall times of the first and the last attempt. */
  firstAttemptAtMs: z.number(),
  lastAttemptAtMs: z.number(),
  /** The bytes as they came, in base64: a message's value, or the input of a schedule. */
  bytes: z.base64(),
});
/** See {@link deadLetterSchema}. */
export type DeadLetter = z.output<typeof deadLetterSchema>;
