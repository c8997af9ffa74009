/**
 * Blueprints: what an operator wants to run.
 *
 * The schema of the TOML text, the expanded form that is stored (dependencies resolved, load order
 * fixed), and the shapes that the API answers. Parsing and resolving are in src/deployment.
 *
 * @module
 */
import { z } from "zod";
import { limits } from "./limits.ts";
import { scheduleChangesSchema } from "./schedule/schedule.ts";
import { methodInterceptorsSchema } from "./slice/interceptors.ts";

/** One `[[slices]]` table. */
const blueprintSliceSchema = z.strictObject({
  artifact: z.string().describe(
    "Coordinates, `group:name:version`",
  ),
  instances: z.int("Write a whole number").min(1).max(limits.instancesMax).default(1).describe(
    "Instances in the cluster",
  ),
  minAvailable: z.int("Write a whole number").min(1).optional().describe(
    "Instances that must stay up during disruptions; half of the instances, rounded up",
  ),
  concurrency: z.int("Write a whole number").min(1).max(10_000).optional().describe(
    "Calls in flight per instance; what its slice.toml says unless set",
  ),
  interceptors: methodInterceptorsSchema.optional().describe(
    'Interceptors by method, "*" for all; each wins over what the slice declares of its kind',
  ),
  schedules: scheduleChangesSchema.optional().describe(
    "What is changed of the slice's schedules, by method",
  ),
});

/** The TOML text of a blueprint. */
export const blueprintSchema = z.strictObject({
  id: z.string().describe(
    "Coordinates of the blueprint itself, `group:name:version`",
  ),
  slices: z.array(blueprintSliceSchema).min(1, "Add at least one [[slices]] table").max(
    limits.blueprintSlices,
  ).describe("The slices that run; what they depend on comes along"),
});

/** A slice of an expanded blueprint. */
const expandedSliceSchema = z.object({
  artifact: z.string(),
  instances: z.int(),
  minAvailable: z.int(),
  /** Whether it is there only because another slice depends on it. */
  isDependency: z.boolean(),
  /** Exact artifacts that must be active before this one starts. */
  dependencies: z.array(z.string()),
  /** See the `[[slices]]` table. */
  concurrency: z.int().optional(),
  interceptors: methodInterceptorsSchema.optional(),
  schedules: scheduleChangesSchema.optional(),
});
/** See {@link expandedSliceSchema}. */
export type ExpandedSlice = z.output<typeof expandedSliceSchema>;

/** A blueprint with its dependencies resolved, slices in load order (dependencies first). */
export const expandedBlueprintSchema = z.object({
  id: z.string(),
  slices: z.array(expandedSliceSchema),
  /** The TOML text as it was applied. */
  source: z.string(),
});
/** See {@link expandedBlueprintSchema}. */
export type ExpandedBlueprint = z.output<typeof expandedBlueprintSchema>;

/** One line of a plan. */
const planChangeSchema = z.object({
  action: z.enum(["create", "update", "remove", "keep"]),
  artifact: z.string(),
  /** What differs, e.g. `instances 1 -> 2`. */
  changes: z.array(z.string()),
});
/** See {@link planChangeSchema}. */
export type PlanChange = z.output<typeof planChangeSchema>;

/** Instances of an artifact on a node, before and after. */
const placementChangeSchema = z.object({
  artifact: z.string(),
  node: z.string(),
  before: z.int(),
  after: z.int(),
});
/** See {@link placementChangeSchema}. */
export type PlacementChange = z.output<typeof placementChangeSchema>;

/** What applying a blueprint would change. */
export const planSchema = z.object({
  id: z.string(),
  changes: z.array(planChangeSchema),
  /** Number of changes that are not "keep". */
  changeCount: z.int(),
  /** Store revision on which the plan is based; for `--if-revision`. */
  revision: z.int(),
  warnings: z.array(z.string()),
  /** Where instances would start and end, as the cluster is now. */
  placement: z.array(placementChangeSchema),
});
/** See {@link planSchema}. */
export type Plan = z.output<typeof planSchema>;

/** States of a revision of a blueprint. */
export const revisionStates = ["DEPLOYING", "DEPLOYED", "FAILED", "ROLLED_BACK"] as const;

/** State of one slice of a blueprint. */
const sliceStatusSchema = z.object({
  artifact: z.string(),
  status: z.enum(["PENDING", "DEPLOYING", "DEPLOYED", "SCALING_DOWN", "FAILED"]),
  instances: z.int(),
  active: z.int(),
  reason: z.string().optional(),
});

/** State of a blueprint. */
export const blueprintStatusSchema = z.object({
  id: z.string(),
  status: z.enum(["PENDING", "IN_PROGRESS", "DEPLOYED", "PARTIAL", "FAILED"]),
  slices: z.array(sliceStatusSchema),
  revision: z.int(),
});
/** See {@link blueprintStatusSchema}. */
export type BlueprintStatus = z.output<typeof blueprintStatusSchema>;
