/**
 * API rows about data: the key-value store.
 *
 * @module
 */
import { z } from "zod";
import { limits } from "../../limits.ts";
import { defineRows } from "../row.ts";

const key = z.object({ key: z.string().min(1) });
const consistency = z.enum(["linearizable", "local"]).optional();
const readQuery = {
  /** What the node may answer; linearizable, or local with `minRevision`, unless it is said. */
  consistency,
  /** Waits until the node has applied this revision, for reads after one's own writes. */
  minRevision: z.coerce.number().int().min(0).optional(),
};
const idempotencyKey = z.string().min(1).max(128).optional();
const conditions = z.object({
  /** ETag of the expected revision. */
  "if-match": z.string().max(64).optional(),
  /** `*`: only when the key is absent. */
  "if-none-match": z.string().max(64).optional(),
  /** The same key makes the same request again do nothing, for ten minutes. */
  "idempotency-key": idempotencyKey,
});
const encoding = z.enum(["utf8", "base64"]);
const text = z.string().max(2 * limits.kvValueBytes);
const txnKey = z.string().min(1).max(limits.keyBytes);
const comparison = z.union([
  z.strictObject({ key: txnKey, revision: z.int().min(0) }),
  z.strictObject({ key: txnKey, exists: z.boolean() }),
  z.strictObject({ key: txnKey, value: text, encoding: encoding.default("utf8") }),
  /** The lock is still held with this token. */
  z.strictObject({ lock: txnKey, token: z.int().min(1) }),
]);
const change = z.discriminatedUnion("op", [
  z.strictObject({
    op: z.literal("put"),
    key: txnKey,
    value: text,
    encoding: encoding.default("utf8"),
    contentType: z.string().max(256).optional(),
    lease: z.string().min(1).max(128).optional(),
  }),
  z.strictObject({ op: z.literal("delete"), key: txnKey }),
]);
const changes = z.array(change).max(1000).default([]);

/** One changed key of a watch. */
const watchEventSchema = z.object({
  key: z.string(),
  op: z.enum(["put", "delete"]),
  /** The new value; base64 when it is not UTF-8 text. */
  value: z.string().optional(),
  encoding: encoding.optional(),
  contentType: z.string().optional(),
  /** Revision at which the key came into being. */
  createRevision: z.int().optional(),
});

/** A message of a watch. */
const watchMessageSchema = z.discriminatedUnion("type", [
  /** All changes of one transaction to keys with the prefix. */
  z.object({ type: z.literal("change"), revision: z.int(), events: z.array(watchEventSchema) }),
  /** Everything up to the revision was sent. */
  z.object({ type: z.literal("progress"), revision: z.int() }),
  /** Changes were lost: list the keys again, and watch from the revision of that list. */
  z.object({ type: z.literal("compacted"), revision: z.int() }),
]);

/** A message of `GET /api/watch`. */
export type WatchMessage = z.output<typeof watchMessageSchema>;
/** One changed key of a watch. */
export type WatchEvent = z.output<typeof watchEventSchema>;
/** A condition of `POST /api/txn`. */
export type TxnComparison = z.output<typeof comparison>;
/** A change of `POST /api/txn`. */
export type TxnChange = z.output<typeof change>;

/** Rows about keys; values are raw bytes with their content type, the ETag is the revision. */
export const kvRows = defineRows({
  kvList: {
    method: "GET",
    path: "/api/kv",
    role: "viewer",
    summary: "Keys with a prefix, in order",
    query: z.object({
      prefix: z.string().max(limits.keyBytes).default(""),
      /** Only keys after this one, for paging. */
      after: z.string().max(limits.keyBytes).default(""),
      limit: z.coerce.number().int().min(1).max(limits.listMax).default(100),
      ...readQuery,
    }),
    response: z.object({
      keys: z.array(z.object({ key: z.string(), revision: z.int(), bytes: z.int() })),
      more: z.boolean(),
      revision: z.int(),
    }),
    errors: ["NOT_PROPOSED", "TIMEOUT"],
  },
  kvGet: {
    method: "GET",
    path: "/api/kv/{key+}",
    role: "viewer",
    summary: "The value of a key",
    params: key,
    query: z.object(readQuery),
    response: "raw",
    errors: ["KEY_NOT_FOUND", "KEY_INVALID", "NOT_PROPOSED", "TIMEOUT"],
  },
  kvPut: {
    method: "PUT",
    path: "/api/kv/{key+}",
    role: "operator",
    summary: "Writes a key; If-Match and If-None-Match make it conditional",
    params: key,
    query: z.object({
      /** The key goes when this lease ends. */
      lease: z.string().min(1).max(128).optional(),
    }),
    headers: conditions,
    body: "raw",
    bodyMaxBytes: limits.kvValueBytes,
    response: z.object({ key: z.string(), revision: z.int() }),
    errors: [
      "LEASE_NOT_FOUND",
      "IDEMPOTENCY_MISMATCH",
      "KEY_INVALID",
      "PRECONDITION_FAILED",
      "VALUE_TOO_LARGE",
      "STORE_FULL",
      "NOT_PROPOSED",
      "OUTCOME_UNKNOWN",
    ],
  },
  kvDelete: {
    method: "DELETE",
    path: "/api/kv/{key+}",
    role: "operator",
    summary: "Deletes a key",
    params: key,
    headers: conditions,
    response: "none",
    errors: [
      "KEY_NOT_FOUND",
      "KEY_INVALID",
      "PRECONDITION_FAILED",
      "IDEMPOTENCY_MISMATCH",
      "NOT_PROPOSED",
      "OUTCOME_UNKNOWN",
    ],
  },
  kvTransaction: {
    method: "POST",
    path: "/api/txn",
    role: "operator",
    summary: "Compares keys and makes all changes of `then`, or else all of `otherwise`, at once",
    headers: z.object({ "idempotency-key": idempotencyKey }),
    body: z.strictObject({
      compare: z.array(comparison).max(1000).default([]),
      then: changes,
      otherwise: changes,
    }),
    response: z.object({ succeeded: z.boolean(), revision: z.int(), deleted: z.int() }),
    errors: [
      "KEY_INVALID",
      "VALUE_TOO_LARGE",
      "LEASE_NOT_FOUND",
      "IDEMPOTENCY_MISMATCH",
      "STORE_FULL",
      "NOT_PROPOSED",
      "OUTCOME_UNKNOWN",
    ],
  },
  kvWatch: {
    method: "GET",
    path: "/api/watch",
    role: "viewer",
    summary: "Changes of keys with a prefix as they happen, as Server-Sent Events",
    query: z.object({
      prefix: z.string().max(limits.keyBytes).default(""),
      /** The last revision that the caller knows: later changes follow. Default: from now on. */
      from: z.coerce.number().int().min(0).optional(),
    }),
    headers: z.object({
      /** As `from`; browsers send it when they connect again. */
      "last-event-id": z.string().regex(/^\d{1,16}$/, "write a revision").optional(),
    }),
    response: "stream",
    message: watchMessageSchema,
    errors: ["COMPACTED", "WATCHES_EXHAUSTED"],
  },
});
