/**
 * Writes `docs/schemas/` from the schemas that check slice.toml, blueprints and aether.toml.
 *
 * Run `deno run -A scripts/docs_schemas.ts` after a change of one; a test compares them.
 *
 * @module
 */
import { editorSchema, editorSchemaNames } from "../src/protocol/editor/schemas.ts";

for (const name of editorSchemaNames) {
  await Deno.writeTextFile(
    new URL(`../docs/schemas/${name}.json`, import.meta.url),
    `${JSON.stringify(editorSchema(name), null, 2)}\n`,
  );
}
