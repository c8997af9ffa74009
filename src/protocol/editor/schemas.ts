/**
 * JSON Schemas of the files that people write, for editors: slice.toml, blueprints and aether.toml.
 *
 * Made from the schemas that check the files; `docs/schemas/` has them as files. What only the
 * checks know (cross references, rules between keys) is not in them.
 *
 * @module
 */
import { z } from "zod";
import { blueprintSchema } from "../blueprint.ts";
import { configSchema } from "../config/schema.ts";
import { sliceTomlSchema } from "../slice/slice_toml.ts";

/** Names of the schemas. */
export const editorSchemaNames = ["slice", "blueprint", "aether"] as const;
/** One of {@link editorSchemaNames}. */
export type EditorSchemaName = typeof editorSchemaNames[number];

const sources: Readonly<Record<EditorSchemaName, readonly [z.ZodType, string]>> = {
  slice: [sliceTomlSchema, "slice.toml: what a slice is called, needs and may do"],
  blueprint: [blueprintSchema, "A blueprint: which slices run, and how many of each"],
  aether: [configSchema, "aether.toml: the configuration of a node"],
};

/**
 * The JSON Schema of a file, draft 7, which editors know best.
 *
 * @example
 * ```ts
 * import { editorSchema } from "./schemas.ts";
 * console.assert(editorSchema("slice").type === "object");
 * ```
 */
export function editorSchema(name: EditorSchemaName): Record<string, unknown> {
  const [schema, title] = sources[name];
  const made = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
    override: ({ jsonSchema }) => {
      if (name === "aether") allowReferences(jsonSchema);
    },
  });
  const { $schema, ...rest } = made;
  return { $schema, title, ...rest };
}

/** A text may also come from a variable or a secret: `${env:NAME}`, `${secrets:path}`. */
function allowReferences(schema: Record<string, unknown>): void {
  const { pattern, enum: words } = schema;
  if (schema["type"] !== "string" || (pattern === undefined && words === undefined)) return;
  delete schema["pattern"];
  delete schema["enum"];
  const own = words === undefined ? { pattern } : { enum: words };
  schema["anyOf"] = [own, { pattern: "\\$\\{" }];
}
