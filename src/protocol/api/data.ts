/**
 * API rows about data: the key-value store and the artifact repository.
 *
 * @module
 */
import { z } from "zod";
import { limits } from "../limits.ts";
import { defineRows } from "./row.ts";

const key = z.object({ key: z.string().min(1) });
const path = z.object({ path: z.string().min(1).max(1024) });
const conditions = z.object({
  /** ETag of the expected revision. */
  "if-match": z.string().max(64).optional(),
  /** `*`: only when the key is absent. */
  "if-none-match": z.string().max(64).optional(),
});

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
    }),
    response: z.object({
      keys: z.array(z.object({ key: z.string(), revision: z.int(), bytes: z.int() })),
      more: z.boolean(),
      revision: z.int(),
    }),
    errors: [],
  },
  kvGet: {
    method: "GET",
    path: "/api/kv/{key+}",
    role: "viewer",
    summary: "The value of a key",
    params: key,
    query: z.object({ consistency: z.enum(["linearizable", "local"]).default("linearizable") }),
    response: "raw",
    errors: ["KEY_NOT_FOUND", "KEY_INVALID", "NOT_PROPOSED"],
  },
  kvPut: {
    method: "PUT",
    path: "/api/kv/{key+}",
    role: "operator",
    summary: "Writes a key; If-Match and If-None-Match make it conditional",
    params: key,
    headers: conditions,
    body: "raw",
    bodyMaxBytes: limits.kvValueBytes,
    response: z.object({ key: z.string(), revision: z.int() }),
    errors: [
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
      "NOT_PROPOSED",
      "OUTCOME_UNKNOWN",
    ],
  },
});

/** Rows about artifacts, under Maven-style paths. */
export const artifactRows = defineRows({
  artifactList: {
    method: "GET",
    path: "/api/artifacts",
    role: "viewer",
    summary: "Published slices with their versions",
    response: z.object({
      artifacts: z.array(z.object({
        artifact: z.string(),
        bytes: z.int(),
        sha256: z.string(),
      })),
    }),
    errors: [],
  },
  repositoryGet: {
    method: "GET",
    path: "/repository/{path+}",
    role: "viewer",
    summary: "A file of an artifact; `.md5`, `.sha1` and `.sha256` give its checksums",
    params: path,
    response: "raw",
    errors: ["ARTIFACT_NOT_FOUND"],
  },
  repositoryPut: {
    method: "PUT",
    path: "/repository/{path+}",
    role: "operator",
    summary: "Publishes a file of an artifact; the same bytes again change nothing",
    params: path,
    body: "raw",
    bodyMaxBytes: limits.artifactBytes,
    response: z.object({ status: z.enum(["created", "unchanged"]), sha256: z.string() }),
    otherStatuses: [201],
    errors: [
      "ARTIFACT_INVALID",
      "ARTIFACT_EXISTS",
      "ARTIFACT_TOO_LARGE",
      "COORDINATES_INVALID",
      "ENVELOPE_UNSUPPORTED",
    ],
  },
});
