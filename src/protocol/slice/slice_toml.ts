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
  /** Coordinates, `group:name:version`. */
  artifact: z.string(),
  /** The module whose default export is the slice. */
  entry: z.string().default("mod.ts"),
  permissions: permissionsSchema.default({}),
  limits: sliceLimitsSchema.default({ heapMb: 128, concurrency: 256 }),
  sandbox: sliceSandboxSchema.optional(),
  dependencies: dependenciesSchema.default({}),
});
/** See {@link sliceTomlSchema}. */
export type SliceToml = z.output<typeof sliceTomlSchema>;
