/**
 * API rows about blueprints.
 *
 * @module
 */
import { z } from "zod";
import {
  blueprintStatusSchema,
  expandedBlueprintSchema,
  planSchema,
  revisionStates,
} from "../blueprint.ts";
import { limits } from "../limits.ts";
import { defineRows } from "./row.ts";

const id = z.object({ id: z.string().min(1).max(256) });
const invalid = [
  "BLUEPRINT_INVALID",
  "COORDINATES_INVALID",
  "ARTIFACT_NOT_FOUND",
  "ARTIFACT_INVALID",
  "DEPENDENCY_CYCLE",
  "DEPENDENCY_MISSING",
  "PERMISSION_REFUSED",
  "ROUTE_CONFLICT",
  "BLUEPRINT_CONFLICT",
] as const;

const appliedSchema = z.object({
  status: z.enum(["applied", "unchanged"]),
  id: z.string(),
  slices: z.int(),
  revision: z.int(),
  number: z.int(),
  plan: planSchema,
});

/** What came of applying a blueprint, or an earlier revision of one. */
export type BlueprintApplied = z.output<typeof appliedSchema>;

/** Rows about blueprints; bodies are the TOML text. */
export const blueprintRows = defineRows({
  blueprintApply: {
    method: "POST",
    path: "/api/blueprint",
    role: "operator",
    leaderOnly: true,
    summary: "Applies a blueprint: creates or changes exactly what differs",
    query: z.object({
      /** Only when the store's revision of the blueprint is still this one. */
      ifRevision: z.coerce.number().int().min(0).optional(),
    }),
    body: "raw",
    bodyMaxBytes: limits.blueprintBytes,
    response: appliedSchema,
    errors: [...invalid, "REVISION_CONFLICT", "ROLLOUT_ACTIVE", "NOT_PROPOSED", "OUTCOME_UNKNOWN"],
  },
  blueprintHistory: {
    method: "GET",
    path: "/api/blueprint/{id}/history",
    role: "viewer",
    summary: "Revisions of a blueprint, newest first, and what became of each",
    params: id,
    response: z.object({
      revisions: z.array(z.object({
        number: z.int(),
        id: z.string(),
        state: z.enum(revisionStates),
        appliedAtMs: z.number(),
        slices: z.int(),
        /** The earlier revision that it brought back. */
        returnsTo: z.int().optional(),
        failures: z.array(z.object({ artifact: z.string(), reason: z.string() })),
      })),
    }),
    errors: ["BLUEPRINT_NOT_FOUND"],
  },
  blueprintRevert: {
    method: "POST",
    path: "/api/blueprint/{id}/revert",
    role: "operator",
    leaderOnly: true,
    summary: "Applies an earlier revision of a blueprint again",
    params: id,
    body: z.strictObject({
      /** Number of the revision; the last deployed one that differs unless given. */
      to: z.int().min(1).optional(),
    }),
    response: appliedSchema,
    errors: [
      ...invalid,
      "BLUEPRINT_NOT_FOUND",
      "REVISION_NOT_FOUND",
      "REVISION_CONFLICT",
      "NOT_PROPOSED",
      "OUTCOME_UNKNOWN",
      "ROLLOUT_ACTIVE",
    ],
  },
  blueprintList: {
    method: "GET",
    path: "/api/blueprints",
    role: "viewer",
    summary: "Applied blueprints",
    response: z.object({
      blueprints: z.array(z.object({
        id: z.string(),
        slices: z.int(),
        status: z.string(),
        revision: z.int(),
      })),
    }),
    errors: [],
  },
  blueprintGet: {
    method: "GET",
    path: "/api/blueprint/{id}",
    role: "viewer",
    summary: "A blueprint as it is applied",
    params: id,
    response: expandedBlueprintSchema.extend({ revision: z.int() }),
    errors: ["BLUEPRINT_NOT_FOUND"],
  },
  blueprintStatus: {
    method: "GET",
    path: "/api/blueprint/{id}/status",
    role: "viewer",
    summary: "How far a blueprint is deployed",
    params: id,
    query: z.object({
      /** What became of this revision, instead of what is applied now. */
      number: z.coerce.number().int().min(1).optional(),
    }),
    response: blueprintStatusSchema,
    errors: ["BLUEPRINT_NOT_FOUND", "REVISION_NOT_FOUND"],
  },
  blueprintDelete: {
    method: "DELETE",
    path: "/api/blueprint/{id}",
    role: "operator",
    leaderOnly: true,
    summary: "Removes a blueprint and stops what only it wanted",
    params: id,
    response: z.object({ status: z.enum(["deleted"]), id: z.string(), revision: z.int() }),
    errors: [
      "BLUEPRINT_NOT_FOUND",
      "REVISION_CONFLICT",
      "ROLLOUT_ACTIVE",
      "NOT_PROPOSED",
      "OUTCOME_UNKNOWN",
    ],
  },
  blueprintValidate: {
    method: "POST",
    path: "/api/blueprint/validate",
    role: "viewer",
    summary: "Checks a blueprint's text without applying it",
    body: "raw",
    bodyMaxBytes: limits.blueprintBytes,
    response: z.object({ valid: z.literal(true), id: z.string(), slices: z.int() }),
    errors: [...invalid],
  },
  blueprintPlan: {
    method: "POST",
    path: "/api/blueprint/plan",
    role: "viewer",
    summary: "What applying a blueprint would change",
    body: "raw",
    bodyMaxBytes: limits.blueprintBytes,
    response: planSchema,
    errors: [...invalid],
  },
});
