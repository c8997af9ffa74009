/**
 * API rows about rollouts: a new version of a slice takes over from the old one.
 *
 * @module
 */
import { z } from "zod";
import {
  cleanupPolicies,
  rolloutSchema,
  rolloutStrategies,
  splitSchema,
  thresholdsSchema,
  verdicts,
  versionFiguresSchema,
} from "../../rollout.ts";
import { defineRows } from "../row.ts";

const id = z.object({ id: z.string().min(1).max(256) });
const unsure = ["REVISION_CONFLICT", "NOT_PROPOSED", "OUTCOME_UNKNOWN"] as const;
const changes = ["ROLLOUT_NOT_FOUND", "ROLLOUT_STATE", ...unsure] as const;
const asking = ["ROLLOUT_NOT_FOUND", "NO_LEADER", "UNREACHABLE", "TIMEOUT"] as const;
const starting = [
  "SLICE_NOT_APPLIED",
  "ROLLOUT_ACTIVE",
  "ROLLOUT_REFUSED",
  "COORDINATES_INVALID",
  "ARTIFACT_NOT_FOUND",
  "DEPENDENCY_MISSING",
  "PERMISSION_REFUSED",
  "ROUTE_CONFLICT",
  ...unsure,
] as const;

/** A rollout as it is shown: without what it leads to and what only the engine needs. */
const view = rolloutSchema.omit({ next: true, isPromoted: true });
/** A rollout as it is shown. */
export type RolloutView = z.output<typeof view>;

/** Figures of a rollout's current step, and what they mean. */
export const rolloutHealthSchema = z.object({
  old: versionFiguresSchema,
  new: versionFiguresSchema,
  verdict: z.enum(verdicts),
  reason: z.string(),
  /** Time that the leader has observed the step. */
  elapsedMs: z.number(),
});
/** See {@link rolloutHealthSchema}. */
export type RolloutHealthView = z.output<typeof rolloutHealthSchema>;

const thresholds = thresholdsSchema.shape;
const durationMs = z.int().min(0).max(7 * 86_400_000);
const common = {
  ...thresholds,
  /** Whether somebody must promote each step. */
  manual: z.boolean().default(false),
  cleanup: z.enum(cleanupPolicies).default("GRACE_PERIOD"),
  /** How long GRACE_PERIOD keeps the old version. */
  graceMs: durationMs.default(300_000),
  /** Least time in each step, but for the stages of a canary. */
  observeMs: durationMs.default(30_000),
};
const startBody = z.strictObject({
  /** The new version, `group:name:version`. */
  artifact: z.string().min(1).max(256),
  strategy: z.enum(rolloutStrategies).default("rolling"),
  ...common,
  /** Stages of a canary, in growing shares. */
  stages: z.array(z.strictObject({ percent: z.int().min(1).max(100), observeMs: durationMs }))
    .min(1).max(20).optional(),
  /** Keeps the same client on the same version, by a header or a cookie. */
  split: splitSchema.optional(),
  /** Share of the new version in an A/B test. */
  percent: z.int().min(1).max(99).default(50),
});

const ratioPattern = /^\d{1,6}:\d{1,6}$/;
const ratio = z.string().regex(ratioPattern, 'Write new:old, for example "1:3"')
  .refine((text) => text.split(":").some((part) => Number(part) > 0), "One must be more than 0");

/** Rows about rollouts; `/api/rolling-update` are the rows of one strategy by another name. */
export const deployRows = defineRows({
  deployStart: {
    method: "POST",
    path: "/api/deploy",
    role: "operator",
    summary: "Starts a rollout of a new version of a slice",
    body: startBody,
    status: 201,
    response: view,
    errors: [...starting],
  },
  deployList: {
    method: "GET",
    path: "/api/deploys",
    role: "viewer",
    summary: "The last rollout of each slice",
    response: z.object({ deploys: z.array(view) }),
    errors: [],
  },
  deployStatus: {
    method: "GET",
    path: "/api/deploy/{id}",
    role: "viewer",
    summary: "A rollout, by its id or the slice's group:name",
    params: id,
    response: view,
    errors: ["ROLLOUT_NOT_FOUND"],
  },
  deployHealth: {
    method: "GET",
    path: "/api/deploy/{id}/health",
    role: "viewer",
    summary: "Calls of both versions since the current step began, and what they mean",
    params: id,
    response: rolloutHealthSchema,
    errors: [...asking],
  },
  deployChange: {
    method: "POST",
    path: "/api/deploy/{id}/{action}",
    role: "operator",
    summary: "Promotes, pauses, resumes, rolls back or completes a rollout",
    params: id.extend({
      action: z.enum(["promote", "pause", "resume", "rollback", "complete"]),
    }),
    response: view,
    errors: [...changes],
  },
  rollingUpdateStart: {
    method: "POST",
    path: "/api/rolling-update/start",
    role: "operator",
    summary: "Starts a rolling update",
    body: z.strictObject({
      artifactBase: z.string().min(1).max(256),
      version: z.string().min(1).max(128),
      maxErrorRate: thresholds.maxErrorRate,
      maxLatencyMs: thresholds.maxLatencyMs,
      minRequests: thresholds.minRequests,
      requireManualApproval: z.boolean().default(false),
      cleanupPolicy: z.enum(cleanupPolicies).default("GRACE_PERIOD"),
      observeMs: durationMs.default(30_000),
    }),
    status: 201,
    response: view,
    errors: [...starting],
  },
  rollingUpdateList: {
    method: "GET",
    path: "/api/rolling-updates",
    role: "viewer",
    summary: "Rollouts that are under way",
    response: z.object({ updates: z.array(view) }),
    errors: [],
  },
  rollingUpdateStatus: {
    method: "GET",
    path: "/api/rolling-update/{id}",
    role: "viewer",
    summary: "A rolling update",
    params: id,
    response: view,
    errors: ["ROLLOUT_NOT_FOUND"],
  },
  rollingUpdateHealth: {
    method: "GET",
    path: "/api/rolling-update/{id}/health",
    role: "viewer",
    summary: "Calls of both versions since the current step began, and what they mean",
    params: id,
    response: rolloutHealthSchema,
    errors: [...asking],
  },
  rollingUpdateRouting: {
    method: "POST",
    path: "/api/rolling-update/{id}/routing",
    role: "operator",
    summary: "Sets the share of calls by hand, new:old, and pauses the rollout",
    params: id,
    body: z.strictObject({ routing: ratio }),
    response: view,
    errors: [...changes],
  },
  rollingUpdateComplete: {
    method: "POST",
    path: "/api/rolling-update/{id}/complete",
    role: "operator",
    summary: "Ends the old version's instances",
    params: id,
    response: view,
    errors: [...changes],
  },
  rollingUpdateRollback: {
    method: "POST",
    path: "/api/rolling-update/{id}/rollback",
    role: "operator",
    summary: "Gives all calls back to the old version",
    params: id,
    response: view,
    errors: [...changes],
  },
});
