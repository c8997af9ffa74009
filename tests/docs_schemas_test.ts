import assert from "node:assert/strict";
import { editorSchema, editorSchemaNames } from "../src/protocol/editor/schemas.ts";

Deno.test("docs/schemas/ is what the checks of the files say", async () => {
  for (const name of editorSchemaNames) {
    const url = new URL(`../docs/schemas/${name}.json`, import.meta.url);
    const written: unknown = JSON.parse(await Deno.readTextFile(url));
    const now: unknown = JSON.parse(JSON.stringify(editorSchema(name)));
    assert.deepEqual(written, now, "Run `deno run -A scripts/docs_schemas.ts`");
  }
});
