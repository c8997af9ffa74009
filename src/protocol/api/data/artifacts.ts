/**
 * API rows about artifacts: the repository under Maven-style paths, and what is in it.
 *
 * @module
 */
import { z } from "zod";
import { limits } from "../../limits.ts";
import { defineRows } from "../row.ts";

const path = z.object({ path: z.string().min(1).max(1024) });
const artifactPattern = /^[A-Za-z0-9_][\w.-]*:[A-Za-z0-9_][\w.-]*:[A-Za-z0-9_][\w.+-]*$/;
const artifact = z.object({
  artifact: z.string().max(256).regex(artifactPattern, "write group:name:version"),
});
const base = z.object({
  artifact: z.string().max(256).regex(
    /^[A-Za-z0-9_][\w.-]*:[A-Za-z0-9_][\w.-]*$/,
    "write group:name",
  ),
});
/** A gigabyte takes a while, and so does asking every node. */
const uploadTimeoutMs = 10 * 60_000;
const askTimeoutMs = 120_000;

const put = {
  role: "operator",
  params: path,
  body: "raw",
  isBodyStreamed: true,
  bodyMaxBytes: limits.artifactBytes,
  timeoutMs: uploadTimeoutMs,
  response: z.object({
    status: z.enum(["created", "unchanged"]),
    sha256: z.string(),
    /** Chunks that fewer nodes hold than should, because some are down. */
    underReplicated: z.int().optional(),
  }),
  otherStatuses: [201],
  errors: [
    "ARTIFACT_INVALID",
    "ARTIFACT_EXISTS",
    "ARTIFACT_TOO_LARGE",
    "COORDINATES_INVALID",
    "ENVELOPE_UNSUPPORTED",
    "DHT_QUORUM",
    "DHT_NOT_READY",
    "NOT_PROPOSED",
    "OUTCOME_UNKNOWN",
  ],
} as const;

const file = z.object({
  path: z.string(),
  sizeBytes: z.int(),
  sha256: z.string(),
  sha1: z.string(),
  md5: z.string(),
  storedAtMs: z.number(),
});

/** Rows about artifacts. */
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
  artifactInfo: {
    method: "GET",
    path: "/api/artifacts/{artifact}",
    role: "viewer",
    summary: "The files of a version, without their contents",
    params: artifact,
    response: z.object({ artifact: z.string(), isSlice: z.boolean(), files: z.array(file) }),
    errors: ["ARTIFACT_NOT_FOUND"],
  },
  artifactDelete: {
    method: "DELETE",
    path: "/api/artifacts/{artifact}",
    role: "operator",
    summary: "Deletes a version with all its files, unless it runs or should run",
    params: artifact,
    response: "none",
    errors: ["ARTIFACT_NOT_FOUND", "ARTIFACT_IN_USE", "NOT_PROPOSED", "OUTCOME_UNKNOWN"],
  },
  artifactVerify: {
    method: "POST",
    path: "/api/artifacts/{artifact}/verify",
    role: "operator",
    summary: "Asks every node that holds a part of a version for it, and checks the bytes",
    params: artifact,
    timeoutMs: askTimeoutMs,
    response: z.object({
      files: z.array(z.object({
        path: z.string(),
        chunks: z.int(),
        /** Copies of the chunk with the fewest, and how many there should be. */
        copies: z.int(),
        owners: z.int(),
        underReplicated: z.int(),
        missing: z.int(),
        damaged: z.int(),
      })),
    }),
    errors: ["ARTIFACT_NOT_FOUND", "STORAGE_CORRUPT", "DHT_QUORUM", "DHT_NOT_READY"],
  },
  artifactVersions: {
    method: "GET",
    path: "/api/artifact-versions/{artifact}",
    role: "viewer",
    summary: "The versions of an artifact, in the order in which they came",
    params: base,
    response: z.object({
      versions: z.array(z.object({ version: z.string(), storedAtMs: z.number() })),
    }),
    errors: ["ARTIFACT_NOT_FOUND"],
  },
  artifactFiles: {
    method: "GET",
    path: "/api/artifact-files",
    role: "viewer",
    summary: "Files of the repository whose path starts with a prefix, in order",
    query: z.object({
      prefix: z.string().max(512).default(""),
      limit: z.coerce.number().int().min(1).max(limits.listMax).default(100),
    }),
    response: z.object({ files: z.array(file), more: z.boolean() }),
    errors: [],
  },
  artifactCollect: {
    method: "POST",
    path: "/api/artifact-collections",
    role: "operator",
    summary: "Removes chunks that no file names; with dryRun it only counts them",
    body: z.strictObject({ dryRun: z.boolean().default(true) }),
    timeoutMs: 3 * askTimeoutMs,
    response: z.object({
      chunks: z.int(),
      bytes: z.int(),
      dryRun: z.boolean(),
      /** Nodes that did not answer: what they hold was not looked at. */
      silent: z.array(z.string()),
    }),
    errors: ["REVISION_CONFLICT", "STORAGE_CORRUPT", "DHT_QUORUM", "DHT_NOT_READY", "NOT_PROPOSED"],
  },
  artifactMetrics: {
    method: "GET",
    path: "/api/artifact-metrics",
    role: "viewer",
    summary: "How many artifacts there are, and what this node holds of them",
    response: z.object({
      files: z.int(),
      artifacts: z.int(),
      /** Bytes of all files, each counted once. */
      bytes: z.int(),
      node: z.object({
        chunks: z.int(),
        bytes: z.int(),
        damaged: z.int(),
        cachedFiles: z.int(),
        cachedBytes: z.int(),
        cacheHits: z.int(),
        cacheMisses: z.int(),
        uploadedBytes: z.int(),
        downloadedBytes: z.int(),
      }),
    }),
    errors: ["THREAD_LOST"],
  },
  repositoryGet: {
    method: "GET",
    path: "/repository/{path+}",
    role: "viewer",
    summary: "A file of an artifact; `.md5`, `.sha1` and `.sha256` give its checksums",
    params: path,
    headers: z.object({
      range: z.string().max(256).optional(),
      "if-range": z.string().max(256).optional(),
      "if-none-match": z.string().max(1024).optional(),
    }),
    response: "raw",
    otherStatuses: [206, 304],
    errors: ["ARTIFACT_NOT_FOUND", "RANGE_INVALID", "STORAGE_CORRUPT", "DHT_QUORUM"],
  },
  repositoryPut: {
    ...put,
    method: "PUT",
    path: "/repository/{path+}",
    summary: "Publishes a file of an artifact; the same bytes again change nothing",
  },
  repositoryPost: {
    ...put,
    method: "POST",
    path: "/repository/{path+}",
    summary: "The same as PUT, for tools that send POST",
  },
  repositoryDelete: {
    method: "DELETE",
    path: "/repository/{path+}",
    role: "operator",
    summary: "Deletes one file of an artifact",
    params: path,
    response: "none",
    errors: ["ARTIFACT_NOT_FOUND", "ARTIFACT_IN_USE", "NOT_PROPOSED", "OUTCOME_UNKNOWN"],
  },
});
