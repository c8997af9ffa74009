/**
 * API rows about topics and dead letters.
 *
 * @module
 */
import { z } from "zod";
import { limits } from "../../limits.ts";
import { deadLetterSchema } from "../../messaging/values.ts";
import { topicNamePattern, topicOptionsSchema } from "../../slice/topics.ts";
import { defineRows } from "../row.ts";

const topicName = z.string().regex(topicNamePattern, "Write the name of a topic");
const topicParams = z.object({ topic: topicName });
const contract = z.string().min(1).max(200);
const subscriptionRef = { contract, name: z.string() };
const unsure = ["NOT_PROPOSED", "OUTCOME_UNKNOWN"] as const;

const topicView = z.object({
  name: z.string(),
  options: topicOptionsSchema,
  subscriptions: z.array(z.object(subscriptionRef)),
});

/** Where a subscription is to go on. */
const positionSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("oldest") }),
  z.strictObject({ kind: z.literal("newest") }),
  z.strictObject({ kind: z.literal("offset"), offset: z.int().min(0) }),
  z.strictObject({ kind: z.literal("time"), timeMs: z.number().min(0) }),
]);

/** Rows about topics. */
export const topicRows = defineRows({
  topicList: {
    method: "GET",
    path: "/api/topics",
    role: "viewer",
    summary: "Topics and who subscribes to them",
    response: z.object({ topics: z.array(topicView) }),
    errors: [],
  },
  topicStatus: {
    method: "GET",
    path: "/api/topics/{topic}",
    role: "viewer",
    summary: "A topic's partitions with their owners, and how far its subscriptions are",
    params: topicParams,
    response: topicView.extend({
      partitions: z.array(z.object({
        number: z.int(),
        leader: z.string().nullable(),
        replicas: z.array(z.string()),
        epoch: z.int(),
        isSettled: z.boolean(),
        /** As its leader says; null when that does not answer. */
        figures: z.object({
          first: z.int(),
          end: z.int(),
          commit: z.int(),
          bytes: z.int(),
        }).nullable(),
      })),
      /** Sums over the partitions whose leaders answer. */
      progress: z.array(z.object({
        ...subscriptionRef,
        lag: z.int(),
        lagMs: z.number(),
        underWay: z.int(),
        handled: z.int(),
        failed: z.int(),
        dead: z.int(),
        repeated: z.int(),
      })),
    }),
    errors: ["TOPIC_NOT_FOUND"],
  },
  topicPublish: {
    method: "POST",
    path: "/api/topics/{topic}/publish",
    role: "operator",
    summary: "Publishes one message; its schema is checked by those who handle it",
    params: topicParams,
    body: z.strictObject({
      key: z.string().min(1).max(limits.messageKeyBytes).optional(),
      /** Any JSON. */
      value: z.union([
        z.string(),
        z.number(),
        z.boolean(),
        z.null(),
        z.array(z.unknown()),
        z.record(z.string(), z.unknown()),
      ]),
    }),
    response: z.object({ partition: z.int(), offset: z.int() }),
    errors: [
      "TOPIC_NOT_FOUND",
      "TOPIC_BUSY",
      "TOPIC_UNAVAILABLE",
      "PUBLISH_UNKNOWN",
      "MESSAGE_TOO_LARGE",
      "THREAD_LOST",
    ],
  },
  topicReplay: {
    method: "POST",
    path: "/api/topics/{topic}/replay",
    role: "operator",
    summary: "Lets a subscription go on from another place of the topic",
    params: topicParams,
    body: z.strictObject({
      contract,
      subscription: z.string().min(1).max(200),
      from: positionSchema,
      /** Only this partition. @default {all} */
      partition: z.int().min(0).optional(),
    }),
    /** In how many partitions it does. */
    response: z.object({ partitions: z.int() }),
    errors: ["TOPIC_NOT_FOUND", "TOPIC_UNAVAILABLE", "THREAD_LOST"],
  },
});

const filter = {
  kind: z.enum(["topic", "schedule"]).optional(),
  contract: contract.optional(),
  topic: topicName.optional(),
};
const idSchema = z.string().regex(/^[0-9a-f]{16}$/, "Write the id of a dead letter");
const letterParams = z.object({ id: idSchema });

/** Rows about dead letters. */
export const deadLetterRows = defineRows({
  deadLetterList: {
    method: "GET",
    path: "/api/dead-letters",
    role: "viewer",
    summary: "Messages and schedules that failed for good, without their bytes",
    query: z.object({
      ...filter,
      limit: z.coerce.number().int().min(1).max(limits.listMax).default(100),
    }),
    response: z.object({
      /** Of all that the filter lets through. */
      count: z.int(),
      letters: z.array(deadLetterSchema.omit({ bytes: true }).extend({ id: z.string() })),
    }),
    errors: ["NOT_PROPOSED"],
  },
  deadLetterShow: {
    method: "GET",
    path: "/api/dead-letters/{id}",
    role: "viewer",
    summary: "A dead letter with its bytes",
    params: letterParams,
    response: deadLetterSchema.extend({ id: z.string() }),
    errors: ["DEAD_LETTER_NOT_FOUND", "NOT_PROPOSED"],
  },
  deadLetterRetry: {
    method: "POST",
    path: "/api/dead-letters/{id}/retry",
    role: "operator",
    summary: "Lets the slice try once more; a letter that it handles is gone",
    params: letterParams,
    response: "none",
    errors: ["DEAD_LETTER_NOT_FOUND", "DEAD_LETTER_REFUSED", ...unsure],
  },
  deadLetterReplay: {
    method: "POST",
    path: "/api/dead-letter-replay",
    role: "operator",
    summary: "Retries dead letters one after another, as many as the time of a request allows",
    body: z.strictObject({
      ...filter,
      /** Only letters behind this one. */
      after: idSchema.optional(),
      /** Retries a second. */
      perSecond: z.number().min(0.1).max(1_000).default(50),
    }),
    response: z.object({
      handled: z.int(),
      failed: z.int(),
      /** Go on behind this one; null at the end. */
      next: z.string().nullable(),
    }),
    errors: [...unsure],
  },
  deadLetterPurge: {
    method: "DELETE",
    path: "/api/dead-letters",
    role: "operator",
    summary: "Forgets dead letters for good",
    query: z.object({ ...filter, id: idSchema.optional() }),
    response: z.object({ purged: z.int() }),
    errors: ["DEAD_LETTER_NOT_FOUND", ...unsure],
  },
});
