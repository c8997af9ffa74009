/**
 * API rows about how many instances slices have.
 *
 * @module
 */
import { z } from "zod";
import { limits } from "../../limits.ts";
import { defineRows } from "../row.ts";

const record = z.object({
  /** Wall time, for people. */
  atMs: z.number(),
  artifactBase: z.string(),
  from: z.int(),
  to: z.int(),
  reason: z.string(),
  /** What it was drawn from: calls of the last second over all gateways. */
  inputs: z.object({
    inFlight: z.number(),
    requestsPerSecond: z.number(),
    errorRate: z.number(),
    p99Ms: z.number(),
    /** Cores that all its instances used together, over ten seconds. */
    cores: z.number(),
  }),
  result: z.enum(["applied", "refused", "dry-run"]),
});
/** A decision of the controller. */
export type ScalingRecord = z.output<typeof record>;

/** What the controller decided. */
export const scalingRecordsSchema = z.object({
  enabled: z.boolean(),
  dryRun: z.boolean(),
  decisions: z.array(record),
});
/** See {@link scalingRecordsSchema}. */
export type ScalingRecords = z.output<typeof scalingRecordsSchema>;

/** Rows about scaling; thresholds are keys of [scaling], changed like every key. */
export const scalingRows = defineRows({
  scale: {
    method: "POST",
    path: "/api/scale",
    role: "operator",
    summary: "Changes how many instances of a slice are wanted",
    body: z.strictObject({
      /** `group:name`, with or without a version. */
      artifact: z.string().min(1).max(256),
      instances: z.int().min(1).max(limits.instancesMax),
    }),
    response: z.object({
      artifact: z.string(),
      before: z.int(),
      instances: z.int(),
      revision: z.int(),
    }),
    errors: [
      "SLICE_NOT_APPLIED",
      "SCALE_REFUSED",
      "ROLLOUT_ACTIVE",
      "REVISION_CONFLICT",
      "NOT_PROPOSED",
      "OUTCOME_UNKNOWN",
    ],
  },
  controllerDecisions: {
    method: "GET",
    path: "/api/controller/decisions",
    role: "viewer",
    summary: "What the controller decided, newest first, and from what",
    response: scalingRecordsSchema,
    errors: ["NO_LEADER", "UNREACHABLE", "TIMEOUT"],
  },
});
