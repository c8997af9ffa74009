/**
 * slice.toml: the permission manifest that a developer writes.
 *
 * The schema only; `src/artifact` reads the file and joins it with the module's definition into the
 * artifact's manifest.
 *
 * @module
 */
import { z } from "zod";
import {
  dependenciesSchema,
  permissionsSchema,
  sliceLimitsSchema,
  sliceSandboxSchema,
} from "./manifest.ts";

/** The content of slice.toml. */
export const sliceTomlSchema = z.strictObject({
  artifact: z.string().describe(
    "Coordinates, `group:name:version`",
  ),
  entry: z.string().default("mod.ts").describe(
    "The module whose default export is the slice",
  ),
  permissions: permissionsSchema.default({}).describe(
    "Deno permissions; nothing is granted by default",
  ),
  limits: sliceLimitsSchema.default({ heapMb: 128, concurrency: 256 }).describe(
    "Limits of one instance; the operator's ceiling applies",
  ),
  sandbox: sliceSandboxSchema.optional().describe("How instances are isolated"),
  dependencies: dependenciesSchema.default({}).describe(
    "Version ranges of the contracts that the slice needs, by group:name",
  ),
});
/** See {@link sliceTomlSchema}. */
export type SliceToml = z.output<typeof sliceTomlSchema>;
