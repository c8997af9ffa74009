/**
 * Rollouts: one version of a slice takes over from another, step by step.
 *
 * What is stored and shown. The engine in src/deployment/rollout decides what comes next; state and
 * weights are one value, so they change together.
 *
 * @module
 */
import { z } from "zod";
import { expandedBlueprintSchema } from "./blueprint.ts";

/** Ways in which a version takes over. */
export const rolloutStrategies = ["immediate", "rolling", "canary", "blue-green", "ab"] as const;
/** One of {@link rolloutStrategies}. */
export type RolloutStrategy = typeof rolloutStrategies[number];

/** States of a rollout; the last three are the end. */
export const rolloutStates = [
  /** New instances of the step are starting. */
  "DEPLOYING",
  /** The step's share of calls goes to the new version; it is observed. */
  "ROUTING",
  /** All calls go to the new version; the old one is there until clean-up. */
  "COMPLETING",
  /** Calls go back to the old version. */
  "ROLLING_BACK",
  "COMPLETED",
  "ROLLED_BACK",
  "FAILED",
] as const;
/** One of {@link rolloutStates}. */
export type RolloutState = typeof rolloutStates[number];

/** What becomes of the old version's instances when all calls go to the new one. */
export const cleanupPolicies = [
  /** They end at once. */
  "IMMEDIATE",
  /** They stay for a while, so that a rollback is one write. */
  "GRACE_PERIOD",
  /** They stay until somebody completes the rollout. */
  "MANUAL",
] as const;
/** One of {@link cleanupPolicies}. */
export type CleanupPolicy = typeof cleanupPolicies[number];

const weights = z.object({ new: z.int().min(0), old: z.int().min(0) });

const step = z.object({
  newInstances: z.int(),
  oldInstances: z.int(),
  weights,
  /** Least time and least calls of the new version before the next step. */
  observeMs: z.int(),
  minRequests: z.int(),
  /** Whether the next step comes by itself. */
  auto: z.boolean(),
});
/** A step of a rollout. */
export type RolloutStep = z.output<typeof step>;

/** When the new version is not good enough. */
export const thresholdsSchema = z.object({
  /** Share of calls that fail, 0 to 1. */
  maxErrorRate: z.number().min(0).max(1).default(0.01),
  /** Of the slowest hundredth of calls, in milliseconds. */
  maxLatencyMs: z.number().min(1).default(500),
  /** Calls below which nothing is concluded. */
  minRequests: z.int().min(0).default(100),
  /** How much worse than the old version it may be, in percent; unlimited unless given. */
  maxRelativePercent: z.number().min(0).optional(),
});
/** See {@link thresholdsSchema}. */
export type RolloutThresholds = z.output<typeof thresholdsSchema>;

/** What decides about the version of a request. */
export const splitSchema = z.strictObject({
  /** By the hash of a header, of a cookie, or of the id of the request. */
  by: z.enum(["header", "cookie", "request"]),
  /** Of the header or cookie. */
  name: z.string().regex(
    /^[A-Za-z0-9!#$%&'*+.^_|~-]{1,128}$/,
    "Write the name of a header or cookie",
  ).optional(),
  /** The new version is for requests whose header has this value, and for no others. */
  value: z.string().min(1).max(256).optional(),
}).refine(
  ({ by, name, value }) =>
    (name !== undefined) === (by !== "request") &&
    (value === undefined || by === "header"),
  "Write a name for a header or a cookie, and a value for a header only",
);
/** See {@link splitSchema}. */
export type RolloutSplit = z.output<typeof splitSchema>;

/** A stored rollout. */
export const rolloutSchema = z.object({
  id: z.string(),
  artifactBase: z.string(),
  strategy: z.enum(rolloutStrategies),
  /** Coordinates of the old and the new version. */
  from: z.string(),
  to: z.string(),
  state: z.enum(rolloutStates),
  isPaused: z.boolean(),
  /** Whether people asked for this step while it was paused: its share comes all the same. */
  isPromoted: z.boolean().optional(),
  steps: z.array(step).min(1),
  /** Index of the current step. */
  step: z.int(),
  /** As the gateways apply them now. */
  weights,
  newInstances: z.int(),
  oldInstances: z.int(),
  /** Instances before and after the rollout. */
  instances: z.int(),
  minAvailable: z.int(),
  /** Exact artifacts that the new version needs. */
  dependencies: z.array(z.string()),
  thresholds: thresholdsSchema,
  split: splitSchema.optional(),
  cleanup: z.enum(cleanupPolicies),
  graceMs: z.int(),
  /** The blueprint as it is to be when the rollout is completed. */
  next: expandedBlueprintSchema,
  /** Id of the blueprint before. */
  blueprint: z.string(),
  /** Wall times, for people. */
  startedAtMs: z.number(),
  changedAtMs: z.number(),
  /** Why it is where it is. */
  reason: z.string(),
});
/** See {@link rolloutSchema}. */
export type Rollout = z.output<typeof rolloutSchema>;

/** Whether a rollout has come to its end. */
export function isEnded({ state }: Pick<Rollout, "state">): boolean {
  return state === "COMPLETED" || state === "ROLLED_BACK" || state === "FAILED";
}

/** Calls of one version of a slice, over all gateways. */
export const versionFiguresSchema = z.object({
  requests: z.int(),
  /** Calls that failed by the version's fault: 5xx, lost, or too late. */
  errors: z.int(),
  /** 99 % of the calls were faster, in milliseconds. */
  p99Ms: z.number(),
});
/** See {@link versionFiguresSchema}. */
export type VersionFigures = z.output<typeof versionFiguresSchema>;

/** What is concluded from figures. */
export const verdicts = [
  "HEALTHY",
  "INSUFFICIENT_DATA",
  "ABSOLUTE_BREACH",
  "RELATIVE_BREACH",
] as const;
/** One of {@link verdicts}. */
export type HealthVerdict = typeof verdicts[number];
