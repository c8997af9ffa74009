/**
 * `config()`: values that the operator gives a slice, and may change while it runs.
 *
 * @module
 */
import type { z } from "zod";
import { type ResourceSpec, sectionOptions } from "./spec.ts";

/** Live values of a section. */
export interface ConfigHandle<Value> {
  /** The values as they are now. */
  get(): Promise<Value>;
  /**
   * Calls back after each change with the new values, until the returned function is called.
   * Values that do not match the schema are logged and left out.
   */
  onChange(callback: (value: Value) => void | Promise<void>): () => void;
}

/**
 * Needs the values of `[resources.<section>]` of type `config`, and their overrides.
 *
 * @throws {TypeError} when the section is no name.
 * @example
 * ```ts
 * import { config, z } from "aether";
 * const limits = config("limits", z.object({ perUser: z.number().default(10) }));
 * console.assert(limits.options.section === "limits");
 * ```
 */
export function config<S extends z.ZodType>(
  section: string,
  schema: S,
): ResourceSpec<ConfigHandle<z.output<S>>> {
  return { kind: "resource", type: "config", options: sectionOptions("config", section), schema };
}
