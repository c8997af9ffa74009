import assert from "node:assert/strict";
import { renderLintReference } from "../scripts/docs_lint.ts";

Deno.test("docs/reference/lint.md is what the rules say", async () => {
  const written = await Deno.readTextFile(new URL("../docs/reference/lint.md", import.meta.url));
  assert.ok(written === await renderLintReference(), "Run `deno run -A scripts/docs_lint.ts`");
});
